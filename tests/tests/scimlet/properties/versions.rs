//! An unchanged resource has an unchanged version.

use anyhow::ensure;
use libtest_mimic::Failed;
use scimlet::store::memory::Memory;
use serde_json::Value;

use super::resources::population;

/// A PUT of what a GET has shown changes nothing, at the resource itself and at all others.
pub fn unchanged() -> Result<(), Failed> {
    super::hold(&population(), |population| {
        let (tenant, users, groups) = population.settle(&Memory::exact())?;
        let everything =
            || -> anyhow::Result<_> { Ok((tenant.get("/Users")?, tenant.get("/Groups")?)) };
        let before = everything()?;
        let users = users.iter().map(|id| format!("/Users/{id}"));
        for target in users.chain(groups.iter().map(|id| format!("/Groups/{id}"))) {
            let read = tenant.get(&target)?;
            let shown: Value = read.expect(200)?;
            let put = tenant.ask("PUT", &target, &shown)?;
            ensure!(put.expect(200)? == shown, "{} was not what {shown} is", put.body);
            ensure!(put.header("etag") == read.header("etag"), "another version");
        }
        ensure!(everything()? == before, "something was changed");
        Ok(())
    })
}
