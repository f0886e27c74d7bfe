// @hubspot/api-client against the HubSpot stand-in. Environment: HUBSPOT_URL, HUBSPOT_TOKEN, FOREIGN_MODULES.
import { load, operation } from './listed.mjs';

const { Client } = load('@hubspot/api-client');
const basePath = process.env.HUBSPOT_URL;
const crm = new Client({ accessToken: process.env.HUBSPOT_TOKEN, basePath }).crm;
const { contacts, companies, deals, properties, owners, associations, schemas, objects } = crm;
const spec = (associationTypeId) => [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }];
const inputs = (...each) => ({ inputs: each });

// One record.
const jo = await operation('contacts.create', () =>
  contacts.basicApi.create({ properties: { email: 'jo@js.example', firstname: 'Zoë 🌸' }, associations: [] }));
await operation('contacts.getById', () => contacts.basicApi.getById(jo.id, ['email', 'lastname'], ['email']));
await operation('contacts.getById.idProperty', () =>
  contacts.basicApi.getById('jo@js.example', ['email'], undefined, undefined, false, 'email'));
await operation('contacts.update', () => contacts.basicApi.update(jo.id, { properties: { lastname: 'Doe', firstname: '' } }));
await operation('contacts.create.conflict', () => contacts.basicApi.create({ properties: { email: 'jo@js.example' }, associations: [] }));
await operation('contacts.create.invalid', () => contacts.basicApi.create({ properties: { email: 'nowhere' }, associations: [] }));
await operation('contacts.getById.missing', () => contacts.basicApi.getById('999999999'));
await operation('unauthorized', () => new Client({ accessToken: 'wrong', basePath }).crm.contacts.basicApi.getPage());
const acme = await operation('companies.create', () =>
  companies.basicApi.create({ properties: { name: 'Acme', domain: 'acme.example' }, associations: [] }));
const deal = await operation('deals.create', () =>
  deals.basicApi.create({ properties: { dealname: 'Big', pipeline: 'default', dealstage: 'appointmentscheduled' }, associations: [] }));
await operation('tasks.create', () =>
  objects.tasks.basicApi.create({ properties: { hs_task_subject: 'Call', hs_timestamp: '2026-01-31T10:00:00.000Z' }, associations: [] }));

// Batches.
const batch = await operation('contacts.batch.create', () =>
  contacts.batchApi.create(inputs(...['a', 'b', 'c'].map((name) => ({ properties: { email: `${name}@js.example`, city: 'Brno' }, associations: [] })))));
const ids = batch.results.map((each) => each.id);
await operation('contacts.batch.create.multiStatus', () =>
  contacts.batchApi.create(inputs(
    { properties: { email: 'fine@js.example' }, associations: [], objectWriteTraceId: 't0' },
    { properties: { email: 'nowhere' }, associations: [], objectWriteTraceId: 't1' })));
await operation('contacts.batch.read', () =>
  contacts.batchApi.read({ ...inputs(...ids.map((id) => ({ id }))), properties: ['email', 'fax'], propertiesWithHistory: [] }));
await operation('contacts.batch.update', () => contacts.batchApi.update(inputs(...ids.map((id) => ({ id, properties: { city: 'Praha' } })))));
const keyed = () => contacts.batchApi.upsert(inputs({ id: '00QJS', idProperty: 'syncd_crm_id', properties: { email: 'key@js.example', syncd_crm_id: '00QJS' } }));
await operation('contacts.batch.upsert.creates', keyed);
await operation('contacts.batch.upsert.updates', keyed);

// Lists and search.
await operation('contacts.getPage', () => contacts.basicApi.getPage(2));
await operation('contacts.getAll', async () => (await contacts.getAll()).map((each) => each.id).filter((id) => ids.includes(id)).length);
const wanted = { filterGroups: [{ filters: [{ propertyName: 'city', operator: 'EQ', value: 'praha' }] }], properties: ['email'], limit: 2 };
const page = await operation('contacts.search', () =>
  contacts.searchApi.doSearch({ ...wanted, sorts: [{ propertyName: 'email', direction: 'DESCENDING' }] }));
await operation('contacts.search.after', () =>
  contacts.searchApi.doSearch({ ...wanted, sorts: [{ propertyName: 'email', direction: 'DESCENDING' }], after: page.paging.next.after }));
await operation('deals.search', async () =>
  (await deals.searchApi.doSearch({ filterGroups: [{ filters: [{ propertyName: 'dealname', operator: 'CONTAINS_TOKEN', value: 'Big' }] }] })).total);

// Associations.
const links = associations.v4;
await operation('associations.createDefault', () => links.basicApi.createDefault('contacts', jo.id, 'companies', acme.id));
await operation('associations.create', () => links.basicApi.create('deals', deal.id, 'companies', acme.id, spec(5)));
await operation('associations.getPage', () => links.basicApi.getPage('contacts', jo.id, 'companies'));
await operation('associations.batch.create', () =>
  links.batchApi.create('contacts', 'companies', inputs({ _from: { id: ids[0] }, to: { id: acme.id }, types: spec(1) })));
await operation('associations.batch.getPage', () => links.batchApi.getPage('contacts', 'companies', inputs({ id: ids[0] })));
await operation('associations.batch.archive', () =>
  links.batchApi.archive('contacts', 'companies', inputs({ _from: { id: ids[0] }, to: [{ id: acme.id }] })));
await operation('associations.archive', () => links.basicApi.archive('contacts', jo.id, 'companies', acme.id));
await operation('associations.getPage.empty', async () => (await links.basicApi.getPage('contacts', jo.id, 'companies')).results);

// Definitions, owners, account.
const definition = { name: 'by_js', label: 'By JS', type: 'enumeration', fieldType: 'select', groupName: 'contactinformation',
  options: [{ label: 'A', value: 'a', hidden: false, displayOrder: 0 }] };
await operation('properties.create', () => properties.coreApi.create('contacts', definition));
await operation('properties.getByName', () => properties.coreApi.getByName('contacts', 'by_js'));
await operation('properties.getAll', async () => (await properties.coreApi.getAll('contacts')).results.map((each) => each.name));
await operation('properties.update', async () => (await properties.coreApi.update('contacts', 'by_js', { label: 'Renamed' })).label);
await operation('properties.batch.read', async () =>
  (await properties.batchApi.read('contacts', { archived: false, inputs: [{ name: 'email' }, { name: 'by_js' }] })).results.length);
await operation('properties.archive', () => properties.coreApi.archive('contacts', 'by_js'));
await operation('properties.groups.create', () => properties.groupsApi.create('contacts', { name: 'jsgroup', label: 'By JS' }));
await operation('properties.groups.getAll', async () => (await properties.groupsApi.getAll('contacts')).results.map((each) => each.name));
await operation('owners.getPage', () => owners.ownersApi.getPage('js@example.com'));
await operation('owners.getById', async () => {
  const [owner] = (await owners.ownersApi.getPage('js@example.com')).results;
  return owners.ownersApi.getById(Number(owner.id));
});
await operation('owners.getPage.archived', async () =>
  (await owners.ownersApi.getPage(undefined, undefined, 100, true)).results.map((each) => each.email));
await operation('schemas.getById', async () => {
  const told = await schemas.coreApi.getById('contacts');
  return { name: told.name, objectTypeId: told.objectTypeId };
});
await operation('apiRequest', async () => {
  const client = new Client({ accessToken: process.env.HUBSPOT_TOKEN, basePath });
  return (await (await client.apiRequest({ path: '/account-info/v3/details' })).json()).portalId;
});

// Ends.
await operation('contacts.merge', () => contacts.basicApi.merge({ primaryObjectId: ids[0], objectIdToMerge: ids[1] }));
await operation('contacts.archive', () => contacts.basicApi.archive(ids[2]));
await operation('contacts.getById.archived', async () => (await contacts.basicApi.getById(ids[2], undefined, undefined, undefined, true)).archived);
await operation('contacts.batch.archive', () => contacts.batchApi.archive(inputs({ id: jo.id })));
await operation('contacts.purge', () => contacts.basicApi.purge({ objectId: jo.id }));
