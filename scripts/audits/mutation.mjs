// Does any test notice a changed contract? Runs the Solidity tests against the mutants that make_mutants.py has made:
// the mutated contract alone is compiled, and the quick suites run first. What is known of a mutant is kept in
// .touchstone/audits/mutation.json, so that a run can be stopped and taken up again.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE, CompilerError, compile, compileAll, deployablesWith, readSources, runTests } from "./engine.mjs";

const LEAST_SCORE = 90;
const at = process.argv.indexOf("--sample");
const sample = at === -1 ? Infinity : Number(process.argv[at + 1]);
const explained = JSON.parse(readFileSync(fileURLToPath(new URL("./survivors.json", import.meta.url)), "utf8"));
// Gas and size are the optimizer's affair; a crowd of 100,000 takes too long.
const UNFIT = ["/Gas.t.sol", "/Crowd.t.sol", "/vectors/"];
const SLOW = ["/invariants/", "/attacks/", "Lifecycles"];
const tests = (name) => name.startsWith("tests/contracts/") && !UNFIT.some((part) => name.includes(part));
const slow = (name) => SLOW.some((part) => name.includes(part));
const LIMITS = { fuzzRuns: 16, invariantRuns: 64, gasLimit: 4_000_000_000n };

const sources = readSources("contracts", "tests/contracts");
const base = compileAll(sources, "plain");
const all = JSON.parse(readFileSync(join(CACHE, "mutants.json"), "utf8"));
const count = Math.min(sample, all.length);
const mutants = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);

const healthy = await runTests(base, tests, LIMITS);
if (healthy.failures.length > 0) {
  console.error("tests fail without any mutation:", healthy.failures);
  process.exit(1);
}
const store = join(CACHE, "mutation.json");
const known = existsSync(store) ? JSON.parse(readFileSync(store, "utf8")) : {};
const sourcesKey = createHash("sha256").update(JSON.stringify(sources)).digest("hex");
const started = Date.now();
for (const [i, mutant] of mutants.entries()) {
  const key = createHash("sha256").update(JSON.stringify([sourcesKey, mutant])).digest("hex").slice(0, 24);
  mutant.fate = known[key] ??= await judge(mutant);
  writeFileSync(store, JSON.stringify(known));
  const minutes = ((Date.now() - started) / 60_000).toFixed(1);
  console.error(`${i + 1}/${count} ${minutes} min ${mutant.file}:${mutant.line} ${mutant.mutator}: ${mutant.fate}`);
}
report();

async function judge({ file, start, end, new: text }) {
  const bytes = Buffer.from(sources[file]);
  const mutated = Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]).toString();
  const selection = deployablesWith(file, sources, base);
  let changed;
  try {
    changed = compile({ ...sources, [file]: mutated }, selection);
  } catch (error) {
    if (error instanceof CompilerError) return "does not compile";
    throw error;
  }
  if ([...changed].every(([name, { contract }]) => contract.bytecode === base.get(name).contract.bytecode)) {
    return "same code";
  }
  const artifacts = new Map([...base, ...changed]);
  for (const stage of [(name) => tests(name) && !slow(name), (name) => tests(name) && slow(name)]) {
    const { failures } = await runTests(artifacts, stage, LIMITS);
    if (failures.length > 0) return `killed by ${failures[0].suite}.${failures[0].test}`;
  }
  return "survived";
}

function change({ file, start, end, new: text }) {
  const old = Buffer.from(sources[file]).subarray(start, end).toString();
  return `${file}: ${old.replace(/\s+/g, " ")} => ${text.replace(/\s+/g, " ")}`;
}

function report() {
  const rows = new Map();
  let [killed, survived, equivalent] = [0, 0, 0];
  const unexplained = [];
  for (const mutant of mutants) {
    if (["does not compile", "same code"].includes(mutant.fate)) continue;
    const row = rows.get(mutant.file) ?? [0, 0];
    rows.set(mutant.file, row);
    ++row[1];
    if (mutant.fate !== "survived") {
      ++row[0];
      ++killed;
      continue;
    }
    ++survived;
    const reason = explained[change(mutant)];
    if (reason?.startsWith("equivalent")) ++equivalent;
    if (reason === undefined) unexplained.push(`${mutant.file}:${mutant.line} ${mutant.mutator}: ${change(mutant)}`);
  }
  const valid = killed + survived;
  for (const [file, [dead, made]] of rows) console.log(`${file.padEnd(36)} ${dead} of ${made} killed`);
  const score = (100 * killed) / valid;
  console.log(
    `${killed} of ${valid} killed: ${score.toFixed(1)} % (${survived} survive, ${equivalent} of them equivalent; ` +
      `${count - valid} of ${count} did not compile or changed nothing; ${((100 * count) / all.length).toFixed(1)} % of all were tried)`,
  );
  if (unexplained.length > 0) console.log(["survivors without an explanation:", ...unexplained].join("\n"));
  process.exit(score < LEAST_SCORE || unexplained.length > 0 ? 1 : 0);
}
