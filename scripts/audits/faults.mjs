// Puts one fault at a time into the contracts and looks whether the invariants notice. A fault that none of them
// catches fails the run: invariants that cannot fail say nothing. An argument is a regular expression for the names of
// those to try.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileAll, deployablesWith, compile, readSources, runTests } from "./engine.mjs";

const all = JSON.parse(readFileSync(fileURLToPath(new URL("./faults.json", import.meta.url)), "utf8"));
const faults = all.filter(({ name }) => new RegExp(process.argv[2] ?? "").test(name));
const sources = readSources("contracts", "tests/contracts");
const base = compileAll(sources);
const wanted = (name) => name.startsWith("tests/contracts/invariants/");

const healthy = await runTests(base, wanted, { invariantRuns: 256 });
if (healthy.failures.length > 0) {
  console.error("the invariants fail without any fault:", healthy.failures);
  process.exit(1);
}
let missed = 0;
for (const { file, name, from, to } of faults) {
  const text = sources[file];
  if (text === undefined || text.split(from).length !== 2) {
    console.error(`${file} does not hold this once: ${from}`);
    process.exit(1);
  }
  const broken = { ...sources, [file]: text.replace(from, () => to) };
  const artifacts = new Map([...base, ...compile(broken, deployablesWith(file, sources, base))]);
  const { failures } = await runTests(artifacts, wanted, { invariantRuns: 256, pattern: "invariant" });
  if (failures.length === 0) ++missed;
  console.log(`${failures.length > 0 ? "caught" : "MISSED"}  ${name}${failures.length > 0 ? `: ${failures[0].reason}` : ""}`);
}
console.log(`${faults.length - missed} of ${faults.length} faults caught`);
process.exit(missed > 0 ? 1 : 0);
