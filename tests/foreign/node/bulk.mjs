// Bulk API 2.0 by jsforce. Environment: SALESFORCE_URL, SALESFORCE_TOKEN, FOREIGN_MODULES.
import { load, operation } from './listed.mjs';

const jsforce = load('jsforce');
const conn = new jsforce.Connection({
  instanceUrl: process.env.SALESFORCE_URL,
  accessToken: process.env.SALESFORCE_TOKEN,
  version: '60.0',
});
conn.bulk2.pollInterval = 20;
conn.bulk2.pollTimeout = 60_000;
const KEY = 'Syncd_Marketing_Id__c';
const load2 = (operation, object, input, more = {}) => conn.bulk2.loadAndWaitForResults({ operation, object, input, ...more });
const rows = ['bulk-1', 'bulk-2', 'bulk-3'].map((key) => ({ LastName: `${key}, "quoted"`, Company: 'Acme', [KEY]: key }));

const made = await operation('bulk2.insert', () => load2('insert', 'Lead', rows));
const ids = made.successfulResults.map((each) => each.sf__Id);
await operation('bulk2.insert.refused', () => load2('insert', 'Lead', [{ LastName: 'Good', Company: 'Acme' }, { LastName: 'Bad', Company: '' }]));
await operation('bulk2.update', () => load2('update', 'Lead', ids.map((Id) => ({ Id, Title: 'Boss' }))));
await operation('bulk2.upsert', () =>
  load2('upsert', 'Lead', [...rows.slice(0, 1), { LastName: 'New', Company: 'Acme', [KEY]: 'bulk-4' }], { externalIdFieldName: KEY }));
await operation('bulk2.query', async () => {
  const stream = await conn.bulk2.query("SELECT Id, LastName, Title FROM Lead WHERE Title = 'Boss' ORDER BY LastName");
  return stream.toArray();
});
await operation('bulk2.query.refused', () => conn.bulk2.query('SELECT Nonsense__c FROM Lead'));
await operation('bulk2.delete', () => load2('delete', 'Lead', ids.map((Id) => ({ Id }))));
await operation('bulk2.query.scanAll', async () => {
  const asked = `SELECT Id, IsDeleted FROM Lead WHERE Id IN ('${ids.join("','")}')`;
  return (await conn.bulk2.query(asked, { scanAll: true })).toArray();
});

const job = conn.bulk2.createJob({ operation: 'insert', object: 'Contact' });
await operation('bulk2.job.open', () => job.open());
await operation('bulk2.job.uploadData', () => job.uploadData('LastName,Department\nBy hand,bulk\n'));
await operation('bulk2.job.close', () => job.close());
await operation('bulk2.job.poll', () => job.poll());
await operation('bulk2.job.check', () => job.check());
await operation('bulk2.job.getSuccessfulResults', () => job.getSuccessfulResults());
await operation('bulk2.job.getFailedResults', () => job.getFailedResults());
await operation('bulk2.job.getUnprocessedRecords', () => job.getUnprocessedRecords());
await operation('bulk2.job.delete', () => job.delete());
const dropped = conn.bulk2.createJob({ operation: 'insert', object: 'Contact' });
await dropped.open();
await operation('bulk2.job.abort', () => dropped.abort());
await operation('bulk2.job.check.aborted', () => dropped.check());
