//! A connection to PostgreSQL, by a driver that knows nothing of scimlet: the server finds out the
//! types of parameters.

use bytes::BytesMut;
use scimlet_sql::Dialect;
use scimlet_sql::database::{Cell, Connection, Failure, Mode, Row, Statement};
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls};

/// A connection. Its calls block, so they need a thread that may.
pub struct PostgresConnection {
    client: Client,
    runtime: Handle,
}

impl PostgresConnection {
    /// Connects.
    ///
    /// # Errors
    /// If the server cannot be reached.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let mut config: Config = url.parse()?;
        // The reference host's tables show only the rows of the tenant that is named here.
        config.options("-c scimlet.tenant=*");
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { client, runtime: Handle::current() })
    }

    fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(failure)
    }

    async fn run(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let prepared = self.client.prepare(&statement.text).await?;
        let parameters: Vec<Given<'_>> = statement.parameters.iter().map(Given).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|one| -> &(dyn ToSql + Sync) { one }).collect();
        let rows = self.client.query(&prepared, &parameters).await?;
        let read = |row: &tokio_postgres::Row| {
            let cells = (0..row.len()).map(|column| row.get::<_, Read>(column).0);
            Row::from(cells.collect::<Vec<Cell>>())
        };
        Ok(rows.iter().map(read).collect())
    }
}

impl Connection for PostgresConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn begin(&self, mode: Mode) -> Result<(), Failure> {
        self.batch(match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
        })
    }

    fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, Failure> {
        self.runtime.block_on(async {
            let mut found = Vec::new();
            for statement in &statements {
                found.push(self.run(statement).await.map_err(failure)?);
            }
            Ok(found)
        })
    }

    fn commit(&self) -> Result<(), Failure> {
        self.batch("COMMIT").map_err(|failure| match failure {
            Failure::Failed(why) if self.client.is_closed() => Failure::Unknown(why),
            other => other,
        })
    }

    fn roll_back(&self) {
        drop(self.batch("ROLLBACK"));
    }
}

fn failure(error: Error) -> Failure {
    let again = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    let why = format!("{error}: {:?}", error.as_db_error());
    match error.code() {
        Some(code) if again.contains(code) => Failure::Again(why),
        _ => Failure::Failed(why),
    }
}

#[derive(Debug)]
struct Given<'a>(&'a Cell);

impl ToSql for Given<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Integer(number) => number.to_sql(kind, out),
            Cell::Real(number) => number.to_sql(kind, out),
            Cell::Text(text) => text.to_sql(kind, out),
            Cell::Bytes(bytes) => bytes.to_sql(kind, out),
            Cell::Boolean(flag) => flag.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

struct Read(Cell);

impl<'a> FromSql<'a> for Read {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Read(match *kind {
            Type::INT8 => Cell::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Cell::Integer(i32::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Cell::Real(f64::from_sql(kind, raw)?),
            Type::BOOL => Cell::Boolean(bool::from_sql(kind, raw)?),
            Type::BYTEA => Cell::Bytes(raw.to_vec()),
            Type::TEXT | Type::VARCHAR => Cell::Text(String::from_sql(kind, raw)?),
            ref other => return Err(format!("a column has the type {other}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Read(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
