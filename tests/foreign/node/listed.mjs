// Runs operations one after another and prints a line of JSON for each: what came back, or what was thrown.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const folder = process.env.FOREIGN_MODULES;
if (!folder) throw new Error('FOREIGN_MODULES must name the folder that holds node_modules');

// The packages are not installed beside this file, so that nothing is ever written into the project.
export const load = createRequire(pathToFileURL(`${folder}/package.json`));

export async function operation(name, act) {
  let line;
  let result;
  try {
    result = await act();
    line = { operation: name, result: result === undefined ? null : result };
  } catch (thrown) {
    const { errorCode, statusCode, code, body } = thrown;
    line = { operation: name, thrown: { name: thrown.name, message: thrown.message, errorCode, statusCode, code, body } };
  }
  console.log(JSON.stringify(line));
  return result;
}
