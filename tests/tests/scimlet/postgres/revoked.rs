//! A credential that one host revokes while clients of the others use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use scimlet_tests::client::together;
use scimlet_tests::exchange::Http;
use scimlet_tests::outbox::{self, Mark};
use scimlet_tests::postgres::Cluster;
use serde_json::json;

use super::two::Two;

/// A credential writes nothing more on any server once its revocation is acknowledged.
pub async fn everywhere(cluster: &Cluster) -> anyhow::Result<()> {
    let two = Two::start(cluster).await?;
    for round in 0..super::rounds()? {
        let issued = two.credential().await?;
        let clients = two.clients(&issued.secret)?;
        let written = Arc::new(AtomicU64::new(0));
        let writers = (0..8_usize).map(|number| {
            let (http, written) = (clients[number % 2].clone(), written.clone());
            async move { write(&http, &format!("round{round}-{number}"), &written).await }
        });
        let revoke = async {
            while written.load(Ordering::Relaxed) < 16 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            two.revoke(&issued.credential.id).await?;
            let mut mark = Mark::START;
            outbox::behind(&*two.store, &mut mark).await?;
            anyhow::Ok(mark)
        };
        let (mut mark, _) = tokio::try_join!(revoke, together(writers))?;
        let later = outbox::behind(&*two.store, &mut mark).await?;
        ensure!(later.is_empty(), "after the revocation came {later:?}");
        for http in &clients {
            http.get("/Users").await?.expect(401)?;
        }
    }
    Ok(())
}

/// Creates users until the credential is refused.
async fn write(http: &Http, name: &str, written: &AtomicU64) -> anyhow::Result<()> {
    for number in 0.. {
        let user = json!({"userName": format!("{name}-{number}")});
        let answer = http.ask("POST", "/Users", &user).await?;
        if answer.status == 401 {
            return Ok(());
        }
        answer.expect(201)?;
        written.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
