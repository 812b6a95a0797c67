/** The first word of this repository's npm scripts: ends them with the remedy when they do not run on a Node.js that will do. */
import { nodeProblem } from './node-version.js';

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(
    `${problem}\nRun "npm ci": it brings the Node.js this repository is pinned to, and "npm start" and "npm test" then use it.\n`,
  );
  process.exit(2);
}
