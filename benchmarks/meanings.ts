/** What each number means and what profiles have shown, for the page that a run writes; `notes` stands at its end. */
export const meanings: Readonly<Record<string, string>> = {
  P0: `How much of a client's time the simulated R4 costs. Were it slow, it would flatter every other ratio.`,
  P1: `What a pass over new patients costs beyond what the wire allows. The floor is the slower of two: reading the very pages that the agent
reads over raw tedious, doing nothing with them; and posting the very bytes that the agent posted, over one connection that stays. The agent's side
is its own code from catalogue to ledger, in a process of its own. Both speak to a server that counts bytes and believes the root, so that the
server's work (P8 measures it) takes none of the agent's two cores; after each pass, outside the measurement, the server reads every record that
came, digests it and compares the root with what the agent told. R4's table has 25 columns; the agent selects those that it sends.`,
  P2: `What the hourly pass costs when nobody changed anything: every row is read, mapped, digested and compared with the ledger, nothing travels,
and count and root are proved equal. \`bytes\` are all request bodies of a pass.`,
  P3: `A fresh process each: the peer reads all patients as one \`mssql\` recordset, maps them, and sends JSON by \`fetch\` in batches of 1,000. It
remembers nothing and proves nothing. The agent is its whole program with queue, ledger, log and parity, launched as its host launches it. The peer's
time begins when its connection stands, the agent's with the request that begins the pass.`,
  P4: `Whether memory grows with the number of patients: VmHWM of the agent's process, launched with the host's flags.`,
  P5: `Simulator, queue service, PostgreSQL, flynotes-server and agent are processes of their own. The clock starts when the call that sends the
message has returned, and stops when PostgreSQL tells of the commit that makes the full record readable. \`idle\` divides the median by the sum of the
medians of its three round trips, each made raw and alone against the same servers, between the measured ones: the answer of a waiting long poll
through the AWS SDK, the agent's own batch of SELECTs through tedious, the agent's own record in a PUT through node:http. \`underBulk\` compares the
99th percentiles while the agent uploads all patients without pauses, and idle. \`peer\` is the median behind a bulk upload of a program made of
sqs-consumer, mssql and fetch, which handles one message at a time as such programs do, divided by ours during a bulk upload. For both, patients come
at a pace of their own, another one each 50 to 100 ms, the same gaps on both sides and for the idle 99th percentile; nobody waits for the one before.
Those count who were asked for while the bulk upload ran. The three raw legs are compared with patients one after another.`,
  P6: `What it costs a practice's server that the agent is there. The release's one file, launched as a host launches it, with a data folder of an
earlier run: from making the process until the queue service has let the first receive through, with SQL Server, licence and schema asked for on the
way. Then a minute of nothing to do, after a pass of an ordinary practice: processor time of all threads, and what the process holds. Long polls,
heartbeat and health lines go on.`,
  P7: `\`switchS\` is how long a practice has no agent while a new version takes over: from the end of the old process, as the host notes it, until the
queue service lets the new one's first receive through; between the two the host verifies every file of the release. \`ratio\` holds what the agent
reports of an update (verify the manifest, ask the registry, download, hash, unpack, sync to disk) against \`npm install\` of the same agent as modules
with dependencies, into an empty folder, with all downloads in npm's cache already.`,
  P8: `What the server adds to storing rows: HTTP, zstd, JSON, validation of each row alone, HMAC digests, events, idempotency, one transaction for
each batch of 1,000. Two batches of a pass are on their way at a time, so that the server reads one while PostgreSQL stores the other: that is what the
server can take in. One on its way stands beside it, as do the others below. The clock stops on both sides when the disk has all of it: here with a
commit after the last batch that waits for the disk, as the end of a pass does, there with the only one. The floor holds the same rows ready as text and
stores them in one transaction, on one processor; the server, PostgreSQL and this program share two. Beside the ratio stand speeds of rows that changed, of
rows that did not, and of several practices at once; and the server's own processor time, which a busy machine disturbs less than the clock.`,
  notes: `## What profiles showed

Taken with \`--cpu-prof\`, the sampling heap profiler and processor time by thread; times are processor time for 100,000 patients, most of them while the
machine had other work too.

- **Reading** was most of a pass: the driver makes an object of each value, and \`mssql\` another row of them, 1.9 s. Rows of pages are now taken out
  of an answer before the driver sees them (\`practice/tds\`); the driver still has everything else of an answer, and rarer kinds of columns are left to
  it whole. Raw tedious, which is the floor of P1 and P2, takes 0.8 s to 1.0 s.
- **Mapping and garbage** were most of what was left: 850 MB of texts, rows and records that lived for a millisecond. A row about which there is nothing to
  be said now goes from the wire's bytes to its canonical form (\`records/plain\`), 96 % of the generated ones: 0.25 s for 100,000. An unchanged pass takes the
  agent 0.8 s of processor time instead of 1.9 s, one over new patients 1.4 s instead of 2.7 s.
- **A batch's body** is written into memory that is used again. As one large text and one buffer for each batch it cost thirteen collections of
  the whole heap in a pass, and a third of a second on helper threads.
- **Digests** are three hashes for each patient (two of them the HMAC, one the bucket), 0.12 s: the largest single part now. Only a record with characters
  from U+0300 on is normalised.
- **The ledger**: 0.08 s for writing with fifty rows in a statement, 0.05 s for reading all of it. Its entries meet the rows in the order of their numbers.
  Sums of digests are kept in four parts of 32 bits; as large numbers they cost as much as reading the ledger. For them a statement of its own reads no more
  than is summed up.
- **Memory for new objects**: with 8 MB instead of 16 the agent's program holds 15 MB less; with 4 MB 4 MB less again. A pass of new patients takes as long with
  either of them, now that one thread helps the collector; with four it took a twentieth longer.
- **Tried and left out**, because nothing was saved that could be measured: V8's single-threaded collector, baseline code at once, smaller pages.
- **Server**, processor time for a batch of 1,000 new patients: a thread beside the event loop takes 8 to 9 ms to read it, the event loop 3 to 5 ms,
  the collector's helpers about 2 ms, PostgreSQL 13 to 14 ms, of which the statement that stores the rows has 11 ms; in that the records' JSON takes about 3 ms,
  the events 1.5 ms. COPY and the floor's upsert take 9 to 10 ms. In the thread, writing the canonical JSON is the largest part (3 ms, parsing 1 to 2 ms, digests 3 ms).
  Before, the event loop had 12 to 13 ms of it, and the collector stopped it for 15 ms to 35 ms at a time; now for 10 ms to 15 ms about once in forty
  batches, over the driver's buffers. Batches of a pass waited for one another from lock to disk; side by side, and answered before the disk has them, new
  patients go in at 50,000 to 57,000 rows/s instead of 45,000 to 51,000.
- **Tried at the server and left out**: taking a record's text out of the body instead of writing it anew (1 ms of the thread's 8, for seventy lines that are
  hard to prove), more memory for what is new in the thread, a lower priority for it, \`string_to_table\` and leaving the rows unordered: nothing, or
  nothing that could be told from noise.
- **A patient's PUT behind batches**, PostgreSQL not waiting for the disk: with two batches on their way on two processors 5 ms in the middle and 32 ms at the
  99th percentile, with one 2.5 ms and 24 ms, idle 2.3 ms; with batches on the event loop 5 ms and 30 ms. So the thread has not mended the tail there. Of patients who
  are in no batch at that moment, 14 ms to 27 ms. What is left is waiting for a processor, the collector, and the batch's own transaction.
- **A patient behind a bulk upload**: 20 ms to 26 ms at the 99th percentile until the scheduler's own records were looked at (\`perf sched timehist\`) for each patient who
  took longer than 13 ms. On most of them lay collectors: V8 starts four threads that collect and compile, and four of the agent's, or the server's, or of this benchmark's
  own process held both processors for 10 to 20 ms. The agent is launched with one now, and so is every other program of this benchmark. Then the comparison's
  sum at the server, which sorted 100,000 rows on disk or took three processes for it, 40 to 90 ms: it is one aggregation in memory on one processor, 60 ms. Then the
  agent's own thread, standing still for its notes to be on disk (now waited for beside it) or for memory to be given back at a pass's end (now when
  nobody waits). What is left is waiting for a processor: R4, Flynotes, PostgreSQL, the queue and the agent share two of them, and each of ten changes from one process to
  another may find both busy. So bulk work goes in steps of 125 patients while patients come, and rests for twice as long as each of them took. With 250 patients
  a step the 99th percentile is 1 ms to 2 ms higher, and the upload a third faster.
- **Idle**: four fifths of an idle minute's processor time were two collections that V8 makes by itself 8 s after a pass. They are off; the agent gives memory back itself.
- **The disk**: nothing of a patient-sync waits for it before the record is on its way; its result is told before its place in the inbox is on disk,
  several share a commit, and the process goes on while it is waited for (ADR 19).`,
};
