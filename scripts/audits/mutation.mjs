// Does any test notice a changed contract? Runs the Solidity tests against the mutants that mutants.mjs finds. Most of
// them stand in one build, see schemata.mjs; the others are compiled one by one. The suites that have killed most in a
// file run first, the invariants last. What is known of a mutant is kept in .touchstone/audits/mutants/, so that a run
// can be stopped and taken up again; one that survived is tried again once the tests have changed.
//
//   --sample N    tries the first N, in an order that is random and always the same
//   --share K/N   tries every Nth of these alone, from the Kth on, so that N processes share the work; no report
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE, CompilerError, compile, compileAll, compileTests, deployablesWith, isSuite, readSources, runTests } from "./engine.mjs";
import { describe, mutantsOf } from "./mutants.mjs";
import { inForce, withMutants } from "./schemata.mjs";

const LEAST_SCORE = 90;
const option = (name, otherwise) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : otherwise);
const explained = JSON.parse(readFileSync(fileURLToPath(new URL("./survivors.json", import.meta.url)), "utf8"));
// Gas and size are the optimizer's affair; a crowd of 100,000 takes too long.
const UNFIT = ["/Gas.t.sol", "/Crowd.t.sol", "/vectors/"];
const LIMITS = { fuzzRuns: 16, invariantRuns: 64, gasLimit: 4_000_000_000n };
/** Tests of libraries have their code inside. */
const LIBRARY_TESTS = ["tests/contracts/types/Types.t.sol"];
/** How many of the suites that kill most run before all others. */
const BEST = 3;

const sources = readSources("contracts", "tests/contracts");
const base = compileAll(sources);
const suites = [...base].filter(([name, artifact]) => isFit(name) && isSuite(artifact)).map(([name]) => name);
const all = mutantsOf(sources);
const together = compileTogether();
const mutants = all.slice(0, Number(option("--sample", all.length)));
const [share, shares] = option("--share", "1/1").split("/").map(Number);

const healthy = await runTests(together, isFit, LIMITS);
if (healthy.failures.length > 0) {
  console.error("tests fail without any mutation:", healthy.failures);
  process.exit(1);
}
const store = join(CACHE, "mutants");
mkdirSync(store, { recursive: true });
const contractsKey = digestOf("contracts/");
const testsKey = digestOf("tests/");
const kills = new Map();
const started = Date.now();
for (const [i, mutant] of mutants.entries()) {
  if (i % shares !== share - 1) continue;
  const { file, line, start, end, old, new: text } = mutant;
  const key = createHash("sha256").update(JSON.stringify([contractsKey, file, start, end, text])).digest("hex").slice(0, 24);
  const path = join(store, `${key}.json`);
  let known = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  if (known === undefined || (known.fate === "survived" && known.tests !== testsKey)) {
    const begun = Date.now();
    known = { file, line, old, text, fate: await judge(mutant), tests: testsKey, seconds: (Date.now() - begun) / 1000 };
    writeFileSync(path, JSON.stringify(known));
    const minutes = ((Date.now() - started) / 60_000).toFixed(1);
    console.error(`${i + 1}/${mutants.length} ${minutes} min ${file}:${line} ${old} => ${text}: ${known.fate}`);
  }
  mutant.fate = known.fate;
  const [, killer] = mutant.fate.match(/^killed by (\S+)/) ?? [];
  if (killer !== undefined) {
    const counts = kills.get(file) ?? new Map();
    kills.set(file, counts.set(killer, (counts.get(killer) ?? 0) + 1));
  }
}
if (shares === 1) report();
process.exit(0);

function isFit(name) {
  return name.startsWith("tests/contracts/") && !UNFIT.some((part) => name.includes(part));
}

function digestOf(folder) {
  const of = Object.entries(sources).filter(([name]) => name.startsWith(folder));
  return createHash("sha256").update(JSON.stringify(of)).digest("hex");
}

/** All that the tests need, with the mutants that can stand beside their originals. */
function compileTogether() {
  const unit = readSources(...LIBRARY_TESTS.map(dirname));
  const isNeeded = (name) => !name.startsWith("tests/") || unit[name] !== undefined;
  const needed = Object.fromEntries(Object.entries(sources).filter(([name]) => isNeeded(name)));
  return new Map([...base, ...compileAll(withMutants(needed, all))]);
}

async function judge(mutant) {
  const artifacts = mutant.id === undefined ? compileAlone(mutant) : together;
  if (typeof artifacts === "string") return artifacts;
  const deployed = mutant.id === undefined ? [] : [inForce(mutant.id)];
  for (const stage of stagesFor(mutant.file)) {
    const { failures } = await runTests(artifacts, (name) => stage.includes(name), { ...LIMITS, deployed });
    if (failures.length > 0) return `killed by ${failures[0].file}:${failures[0].suite} in ${failures[0].test}`;
  }
  return "survived";
}

/** All that the tests need, with one mutant; or why it is none. */
function compileAlone({ file, start, end, new: text }) {
  const bytes = Buffer.from(sources[file]);
  const mutated = Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]).toString();
  const others = { ...sources, [file]: mutated };
  let changed;
  try {
    changed = compile(others, deployablesWith(file, sources, base));
  } catch (error) {
    if (error instanceof CompilerError) return "does not compile";
    throw error;
  }
  if ([...changed].every(([name, { contract }]) => contract.bytecode === base.get(name).contract.bytecode)) {
    return "same code";
  }
  const unit = file.startsWith("contracts/types/") ? compileTests(others, LIBRARY_TESTS) : [];
  return new Map([...base, ...changed, ...unit]);
}

/** The suites in the order in which they are tried. */
function stagesFor(file) {
  const count = (name) => kills.get(file)?.get(name) ?? 0;
  const killers = suites.filter((name) => count(name) > 0).sort((a, b) => count(b) - count(a));
  const best = killers.slice(0, BEST);
  const kindOf = (name) => (name.includes("/invariants/") ? 2 : /\/attacks\/|Lifecycles|StakeDrawing/.test(name) ? 1 : 0);
  const rest = suites.filter((name) => !best.includes(name));
  return [best, ...[0, 1, 2].map((kind) => rest.filter((name) => kindOf(name) === kind))].filter((stage) => stage.length > 0);
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
    const reason = explained[describe(mutant, sources)];
    if (reason?.startsWith("equivalent")) ++equivalent;
    if (reason === undefined) unexplained.push(describe(mutant, sources));
  }
  const valid = killed + survived;
  for (const [file, [dead, made]] of [...rows].sort()) console.log(`${file.padEnd(36)} ${dead} of ${made} killed`);
  const score = (100 * killed) / valid;
  console.log(
    `${killed} of ${valid} killed: ${score.toFixed(1)} % (${survived} survive, ${equivalent} of them equivalent; ` +
      `${mutants.length - valid} of ${mutants.length} did not compile or changed nothing; ` +
      `${mutants.length} of ${all.length} were tried: ${((100 * mutants.length) / all.length).toFixed(1)} %)`,
  );
  if (unexplained.length > 0) console.log(["survivors without an explanation:", ...unexplained].join("\n"));
  process.exit(score < LEAST_SCORE || unexplained.length > 0 ? 1 : 0);
}
