// jsforce against the Salesforce stand-in. Environment: SALESFORCE_URL, SALESFORCE_TOKEN, FOREIGN_MODULES.
import { load, operation } from './listed.mjs';

const jsforce = load('jsforce');
const instanceUrl = process.env.SALESFORCE_URL;
const conn = new jsforce.Connection({ instanceUrl, accessToken: process.env.SALESFORCE_TOKEN, version: '60.0' });
const KEY = 'Syncd_Marketing_Id__c';
const soon = () => new Date(Date.now() + 120_000);
const before = () => new Date(Date.now() - 3_600_000);

await operation('authorize', async () => {
  const oauth2 = { loginUrl: instanceUrl, clientId: 'sandbox-client', clientSecret: 'sandbox-secret' };
  const fresh = new jsforce.Connection({ instanceUrl, version: '60.0', oauth2 });
  const user = await fresh.authorize({ grant_type: 'client_credentials' });
  return { user, same: fresh.instanceUrl === instanceUrl };
});
await operation('authorize.refused', async () => {
  const oauth2 = { loginUrl: instanceUrl, clientId: 'sandbox-client', clientSecret: 'wrong' };
  return new jsforce.Connection({ instanceUrl, version: '60.0', oauth2 }).authorize({ grant_type: 'client_credentials' });
});

// One row.
const lead = await operation('sobject.create', () => conn.sobject('Lead').create({ LastName: 'Dvořák', Company: 'Acme' }));
await operation('sobject.retrieve', () => conn.sobject('Lead').retrieve(lead.id));
await operation('sobject.retrieve.fields', () => conn.sobject('Lead').retrieve(lead.id, { fields: ['Id', 'LastName'] }));
await operation('sobject.update', () => conn.sobject('Lead').update({ Id: lead.id, Title: 'Boss' }));
await operation('sobject.record.retrieve', async () => (await conn.sobject('Lead').record(lead.id).retrieve()).Title);
await operation('sobject.create.refused', () => conn.sobject('Lead').create({ LastName: 'No company' }));
await operation('sobject.upsert.creates', () =>
  conn.sobject('Lead').upsert({ LastName: 'Up', Company: 'Acme', [KEY]: 'js-1' }, KEY));
await operation('sobject.upsert.updates', () => conn.sobject('Lead').upsert({ LastName: 'Upper', [KEY]: 'js-1' }, KEY));
await operation('sobject.destroy', () => conn.sobject('Lead').destroy(lead.id));
await operation('sobject.retrieve.deleted', () => conn.sobject('Lead').retrieve(lead.id));

// Many rows.
const account = await operation('account.create', () => conn.sobject('Account').create({ Name: 'Parent' }));
const contacts = await operation('sobject.create.many', () =>
  conn.sobject('Contact').create(['A', 'B', 'C'].map((LastName) => ({ LastName, AccountId: account.id }))));
const ids = contacts.map((each) => each.id);
await operation('sobject.create.many.refused', () =>
  conn.sobject('Contact').create([{ LastName: 'D', AccountId: account.id }, { FirstName: 'No last name' }]));
await operation('sobject.create.many.allOrNone', () =>
  conn.sobject('Contact').create([{ LastName: 'E' }, { FirstName: 'No last name' }], { allOrNone: true }));
await operation('sobject.retrieve.many', () => conn.sobject('Contact').retrieve(ids, { fields: ['LastName'] }));
await operation('sobject.update.many', () => conn.sobject('Contact').update(ids.map((Id) => ({ Id, Title: 'Boss' }))));
await operation('sobject.upsert.many', () =>
  conn.sobject('Contact').upsert(['js-2', 'js-3'].map((key) => ({ LastName: key, [KEY]: key })), KEY));
await operation('sobject.destroy.many', () => conn.sobject('Contact').destroy(ids.slice(2)));
await operation('opportunity.create', () =>
  conn.sobject('Opportunity').create({ Name: 'Big', StageName: 'Prospecting', CloseDate: '2030-01-31', AccountId: account.id }));
await operation('task.create', () => conn.sobject('Task').create({ Subject: 'Call', WhoId: ids[0], WhatId: account.id }));

// Queries.
const crowd = "SELECT Id, LastName FROM Contact WHERE Department = 'crowd' ORDER BY LastName";
const children = `SELECT LastName, Account.Name FROM Contact WHERE AccountId = '${account.id}' ORDER BY LastName`;
await operation('query', () => conn.query(children));
await operation('query.refused', () => conn.query('SELECT Nonsense__c FROM Lead'));
await operation('queryMore', async () => {
  const sizes = [];
  let page = await conn.query(crowd, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  for (sizes.push(page.records.length); !page.done; sizes.push(page.records.length)) {
    page = await conn.queryMore(page.nextRecordsUrl);
  }
  return { sizes, totalSize: page.totalSize, done: page.done };
});
await operation('query.autoFetch', async () => {
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  return (await conn.query(crowd, { headers, autoFetch: true, maxFetch: 1_000 })).records.length;
});
await operation('query.scanAll', async () => (await conn.query(children, { scanAll: true })).records.length);
await operation('query.stream', async () => {
  let text = '';
  for await (const piece of conn.query(crowd).stream('csv')) text += piece;
  return text.trim().split('\n').length;
});
await operation('sobject.find', () =>
  conn.sobject('Contact').find({ AccountId: account.id, LastName: { $in: ['A', 'B'] } }, ['LastName']).sort('-LastName').limit(5));
await operation('sobject.findOne', () => conn.sobject('Contact').findOne({ LastName: { $like: 'A%' } }, ['LastName']));
await operation('sobject.count', () => conn.sobject('Contact').count({ Department: 'crowd' }));
await operation('sobject.find.dates', () =>
  conn.sobject('Contact').find({ AccountId: account.id, CreatedDate: { $gt: jsforce.SfDate.toDateTimeLiteral(before()) } }, 'LastName'));
await operation('tooling.query', async () => (await conn.tooling.query('SELECT Id, DeveloperName FROM CustomField')).records.length);

// Descriptions, changes, the org.
await operation('describe', async () => {
  const told = await conn.describe('Lead');
  const email = told.fields.find((field) => field.name === 'Email');
  return { name: told.name, keyPrefix: told.keyPrefix, email: [email.type, email.length] };
});
await operation('describeGlobal', async () => (await conn.describeGlobal()).sobjects.map((each) => each.name));
await operation('updated', async () => {
  const told = await conn.sobject('Contact').updated(before(), soon());
  return { found: told.ids.includes(ids[0]), latestDateCovered: told.latestDateCovered };
});
await operation('deleted', async () => {
  const told = await conn.sobject('Contact').deleted(before(), soon());
  return { found: told.deletedRecords.some((each) => each.id === ids[2]), earliestDateAvailable: told.earliestDateAvailable };
});
await operation('sobject.record.describe', async () => (await conn.sobject('Opportunity').describe()).keyPrefix);
await operation('recent', () => conn.sobject('Account').recent());
await operation('limits', async () => (await conn.limits()).DailyApiRequests);
await operation('limitInfo', () => conn.limitInfo);
await operation('request.composite', () =>
  conn.requestPost('/composite', {
    compositeRequest: [
      { method: 'POST', url: '/services/data/v60.0/sobjects/Account', referenceId: 'a', body: { Name: 'By composite' } },
      { method: 'GET', url: '/services/data/v60.0/sobjects/Account/@{a.id}?fields=Name', referenceId: 'b' },
    ],
  }));
await operation('request.recordCount', () => conn.request('/limits/recordCount?sObjects=Account'));
await operation('request.userinfo', () => conn.request('/services/oauth2/userinfo'));

// What jsforce offers and the stand-in does not: SOSL, pages, plans of queries.
await operation('gap.search', () => conn.search('FIND {Acme} IN ALL FIELDS RETURNING Account(Id)'));
await operation('gap.recent', () => conn.recent());
await operation('gap.tabs', () => conn.tabs());
await operation('gap.theme', () => conn.theme());
await operation('gap.quickActions', () => conn.quickActions());
await operation('gap.layouts', () => conn.sobject('Account').layouts());
await operation('gap.explain', () => conn.query(crowd).explain());
