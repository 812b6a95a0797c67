/**
 * Which Node.js runs Tutti. Plain JavaScript that any Node.js since 16 can load, because it is what tells an older one that
 * it is too old. TypeScript runs as it is since 22.18 on the 22 line and since 23.6 on the 23 line.
 */

/** What is wrong with Node.js `version` (`process.versions.node`), as a sentence; undefined if it will do. */
export function nodeProblem(version) {
  const [major, minor] = version.split('.').map(Number);
  const tooOld = major < 22 || (major === 22 && minor < 18) || (major === 23 && minor < 6);
  return tooOld ? `Tutti needs Node.js 22.18 or newer (24 is best); this is Node.js ${version}.` : undefined;
}
