//! The records of runs: what was run, when, and what came of it.

use base::BlobHash;
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use super::Builds;
use crate::StoreError;

/// How many runs are remembered.
const MOST_RUNS: u64 = 1_000;
/// How many of them with what became of each step.
const MOST_RECORDS: u64 = 200;
/// How many runs with nothing to do are remembered as wholes.
const MOST_WHOLES: u64 = 200;

/// How a run of a script ended.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildRunEnd {
    /// Milliseconds since the Unix epoch.
    pub ended: i64,
    /// One word: "done", "failed", "cancelled".
    pub outcome: String,
    /// What is told of it in a list, as JSON.
    pub summary: String,
    /// What became of each step, as JSON; empty when it is not kept.
    pub record: String,
    /// The files that its steps wrote: content, step and path.
    pub outputs: Vec<(BlobHash, String, String)>,
}

/// A run of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildRun {
    /// Its number, from 1 in the order of beginning.
    pub id: u64,
    /// The script.
    pub script: String,
    /// Milliseconds since the Unix epoch.
    pub started: i64,
    /// When it ended; none while it lasts, and for ever when it was cut short.
    pub ended: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What is told of it in a list, as JSON.
    pub summary: Option<String>,
}

impl BuildRun {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(BuildRun {
            id: row.get(0)?,
            script: row.get(1)?,
            started: row.get(2)?,
            ended: row.get(3)?,
            outcome: row.get(4)?,
            summary: row.get(5)?,
        })
    }
}

impl Builds {
    /// Records that a run begins, and gives its number.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn begin_run(&mut self, script: &str, started: i64) -> Result<u64, StoreError> {
        self.commit()?;
        self.connection
            .prepare_cached("INSERT INTO runs (script, started) VALUES (?1, ?2)")?
            .execute(params![script, started])?;
        Ok(self.connection.last_insert_rowid() as u64)
    }

    /// Records how a run ended, and forgets the oldest ones of too many.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn end_run(&mut self, id: u64, end: BuildRunEnd) -> Result<(), StoreError> {
        self.commit()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached(
                "UPDATE runs SET ended = ?2, outcome = ?3, summary = ?4, record = nullif(?5, '') WHERE id = ?1",
            )?
            .execute(params![id, end.ended, end.outcome, end.summary, end.record])?;
        for (hash, step, path) in end.outputs {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO outputs (hash, run, step, path) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![hash.0, id, step, path])?;
        }
        transaction.execute("DELETE FROM runs WHERE id <= ?1 - ?2", params![id as i64, MOST_RUNS])?;
        transaction.execute(
            "UPDATE runs SET record = NULL WHERE id <= ?1 - ?2 AND record IS NOT NULL",
            params![id as i64, MOST_RECORDS],
        )?;
        Ok(transaction.commit()?)
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn runs(&self, limit: usize) -> Result<Vec<BuildRun>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, script, started, ended, outcome, summary FROM runs ORDER BY id DESC LIMIT ?1",
        )?;
        let runs = statement.query_map([limit.min(i64::MAX as usize)], BuildRun::read)?;
        Ok(runs.collect::<rusqlite::Result<_>>()?)
    }

    /// A run, and what became of each of its steps as JSON, as long as that is remembered.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn run(&self, id: u64) -> Result<Option<(BuildRun, Option<String>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, script, started, ended, outcome, summary, record FROM runs WHERE id = ?1",
        )?;
        let id = id.min(i64::MAX as u64);
        Ok(statement.query_row([id], |row| Ok((BuildRun::read(row)?, row.get(6)?))).optional()?)
    }

    /// The newest run of which a step wrote a file with this content, the step, and the path.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn maker(&self, output: BlobHash) -> Result<Option<(u64, String, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run, step, path FROM outputs WHERE hash = ?1 ORDER BY run DESC LIMIT 1",
        )?;
        let found = statement.query_row([output.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        Ok(found.optional()?)
    }

    /// What a run follows from of which nothing was left to be done.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn whole(&self, key: [u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT origins FROM wholes WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// What such a run told, as JSON.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn whole_result(&self, key: [u8; 32]) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT result FROM wholes WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// Keeps a run of which nothing was left to be done.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn keep_whole(&mut self, key: [u8; 32], origins: &[u8], result: &str) -> Result<(), StoreError> {
        self.commit()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT OR REPLACE INTO wholes (key, used, origins, result) VALUES (?1, ?2, ?3, ?4)",
            params![key, self.now, origins, result],
        )?;
        transaction.execute(
            "DELETE FROM wholes WHERE key IN (SELECT key FROM wholes ORDER BY used DESC LIMIT -1 OFFSET ?1)",
            [MOST_WHOLES],
        )?;
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(outputs: Vec<(BlobHash, String, String)>) -> BuildRunEnd {
        let (outcome, summary, record) = ("done".to_owned(), "{}".to_owned(), "[1]".to_owned());
        BuildRunEnd { ended: 9, outcome, summary, record, outputs }
    }

    #[test]
    fn a_file_is_traced_to_the_newest_run_that_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut builds = Builds::open(folder.path()).unwrap();
        let output = BlobHash::of(b"output");
        let first = builds.begin_run("a.json", 1).unwrap();
        let cut_short = builds.begin_run("a.json", 2).unwrap();
        let second = builds.begin_run("b.json", 3).unwrap();
        assert!(first < cut_short && cut_short < second);
        builds.end_run(first, end(vec![(output, "x".into(), "out/x.png".into())])).unwrap();
        assert_eq!(builds.maker(output).unwrap(), Some((first, "x".into(), "out/x.png".into())));
        builds.end_run(second, end(vec![(output, "y".into(), "out/y.png".into())])).unwrap();
        assert_eq!(builds.maker(output).unwrap(), Some((second, "y".into(), "out/y.png".into())));
        let runs = builds.runs(10).unwrap();
        let told: Vec<_> = runs.iter().map(|run| (run.script.as_str(), run.outcome.as_deref())).collect();
        assert_eq!(told, [("b.json", Some("done")), ("a.json", None), ("a.json", Some("done"))]);
        let (run, record) = builds.run(first).unwrap().unwrap();
        assert_eq!((run.started, run.ended, record.as_deref()), (1, Some(9), Some("[1]")));
        assert_eq!(builds.run(99).unwrap(), None);
    }

    #[test]
    fn of_many_runs_the_newest_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let mut builds = Builds::open(folder.path()).unwrap();
        for n in 0..MOST_RUNS + 5 {
            let run = builds.begin_run("a.json", n as i64).unwrap();
            builds.end_run(run, end(Vec::new())).unwrap();
        }
        assert_eq!(builds.runs(usize::MAX).unwrap().len() as u64, MOST_RUNS);
        let kept = |run: &BuildRun| builds.run(run.id).unwrap().unwrap().1.is_some();
        assert_eq!(
            builds.runs(usize::MAX).unwrap().iter().filter(|run| kept(run)).count() as u64,
            MOST_RECORDS
        );
    }
}
