// Compiles contracts and runs their Solidity tests inside one process: the compiler is loaded once, only what changed
// is compiled again, and the tests run on Hardhat's own engine (EDR). Contracts are compiled without the optimizer:
// four times faster, and the same behaviour but for gas.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const CACHE = join(ROOT, ".touchstone", "audits");
const require = createRequire(import.meta.url);
const VERSION = "0.8.37";
const COMMON = { evmVersion: "osaka", metadata: { bytecodeHash: "none", appendCBOR: false } };
// Contracts need the intermediate representation, tests the optimizer; each without the other compiles fastest.
const CONTRACTS = { ...COMMON, viaIR: true, optimizer: { enabled: false } };
const TESTS = { ...COMMON, viaIR: false, optimizer: { enabled: true, runs: 1 } };
const OUTPUTS = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences", "evm.deployedBytecode.object"];

let solc;
/** The compiler's standard-JSON call; the WebAssembly module is loaded at the first. */
export function compileJson(input) {
  solc ??= require("solc");
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((e) => e.severity === "error");
  if (errors.length > 0) throw Object.assign(new CompilerError(errors.map((e) => e.formattedMessage).join("\n")), { errors });
  return output;
}

export class CompilerError extends Error {}

/** All Solidity files under the folders, and what they import, by the names that the compiler gives them. */
export function readSources(...folders) {
  const sources = {};
  const add = (name, path) => {
    if (sources[name] !== undefined) return;
    const text = readFileSync(path, "utf8");
    sources[name] = text;
    for (const found of importsOf(name, text)) {
      add(found, found.startsWith("@") ? require.resolve(found) : join(ROOT, found));
    }
  };
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true })) {
      if (entry.endsWith(".sol")) add(join(folder, entry), join(ROOT, folder, entry));
    }
  }
  return sources;
}

/** As `compile`, of the tests that stand in the files. */
export function compileTests(sources, files) {
  return compile(sources, Object.fromEntries(files.map((name) => [name, ["*"]])), TESTS);
}

/** Artifacts, by `file:Contract`, of the contracts in `selection` (`{file: [names]}`; "*" is every one). */
export function compile(sources, selection, settings = CONTRACTS) {
  const needed = closure(Object.keys(selection), sources);
  const output = compileJson({
    language: "Solidity",
    sources: Object.fromEntries([...needed].map((name) => [name, { content: sources[name] }])),
    settings: {
      ...settings,
      outputSelection: Object.fromEntries(
        Object.entries(selection).map(([file, names]) => [file, Object.fromEntries(names.map((n) => [n, OUTPUTS]))]),
      ),
    },
  });
  const artifacts = new Map();
  for (const [file, contracts] of Object.entries(output.contracts ?? {})) {
    for (const [name, { abi, evm }] of Object.entries(contracts)) {
      artifacts.set(`${file}:${name}`, {
        id: { name, solcVersion: VERSION, source: file },
        contract: {
          abi: JSON.stringify(abi),
          bytecode: `0x${evm.bytecode.object}`,
          linkReferences: evm.bytecode.linkReferences ?? {},
          deployedBytecode: `0x${evm.deployedBytecode.object}`,
          deployedLinkReferences: {},
        },
      });
    }
  }
  return artifacts;
}

/** As `compile`, of all contracts and tests; what was compiled before from the same sources is remembered on disk. */
export function compileAll(sources) {
  const folder = join(CACHE, "builds");
  mkdirSync(folder, { recursive: true });
  const artifacts = new Map();
  for (const [part, settings] of [["contracts/", CONTRACTS], ["tests/", TESTS]]) {
    const files = Object.keys(sources).filter((name) => name.startsWith(part));
    const paths = new Map(files.map((name) => [name, join(folder, `${buildKey(name, sources, settings)}.json`)]));
    const missing = files.filter((name) => !existsSync(paths.get(name)));
    const built = missing.length === 0 ? [] : [...compile(sources, Object.fromEntries(missing.map((name) => [name, ["*"]])), settings)];
    for (const name of missing) {
      writeFileSync(paths.get(name), JSON.stringify(built.filter(([id]) => id.startsWith(`${name}:`))));
    }
    for (const name of files) {
      for (const [id, artifact] of JSON.parse(readFileSync(paths.get(name), "utf8"))) artifacts.set(id, artifact);
    }
  }
  return artifacts;
}

function buildKey(file, sources, settings) {
  const needed = [...closure([file], sources)].sort().map((name) => [name, sources[name]]);
  return createHash("sha256").update(JSON.stringify([settings, OUTPUTS, file, needed])).digest("hex").slice(0, 24);
}

let context;
async function edr() {
  const edr = await import("@nomicfoundation/edr");
  if (context === undefined) {
    context = new edr.EdrContext();
    await context.registerSolidityTestRunnerFactory(edr.L1_CHAIN_TYPE, edr.l1SolidityTestRunnerFactory());
  }
  return { edr, context };
}

/** Tests of gas, which mean nothing without the optimizer. */
const GAS_TESTS = "bounded_price|costs_with_100_000";

/** Whether an artifact has tests to run. */
export function isSuite({ contract }) {
  if (contract.bytecode === "0x") return false;
  return JSON.parse(contract.abi).some((e) => e.type === "function" && /^(test|invariant)/.test(e.name));
}

/**
 * Run the suites whose `file:Contract` passes `wanted`. Returns the failures as {suite, test, reason}; `onHits`, where
 * given, gets the tags of covered code.
 */
export async function runTests(artifacts, wanted, { fuzzRuns = 64, invariantRuns = 16, gasLimit, onHits, pattern, deployed = [] } = {}) {
  const { edr: lib, context } = await edr();
  const suites = [...artifacts].filter(([name, a]) => wanted(name) && isSuite(a)).map(([, a]) => a.id);
  const failures = [];
  let count = 0;
  const config = {
    projectRoot: ROOT,
    hardfork: "osaka",
    gasLimit,
    localPredeploys: [...lib.l1GenesisState(lib.l1HardforkFromString("osaka")), ...deployed],
    fsPermissions: [{ access: lib.FsAccessPermission.ReadDirectory, path: "tests/vectors" }],
    disableBlockGasLimit: true,
    disableTransactionGasCap: true,
    collectStackTraces: lib.CollectStackTraces.OnFailure,
    includeTraces: lib.IncludeTraces.None,
    fuzz: { runs: fuzzRuns, seed: "0x746f756368" },
    invariant: {
      runs: invariantRuns,
      depth: 32,
      failOnRevert: true,
      dictionaryWeight: 0,
      includeStorage: false,
      includePushBytes: false,
      shrinkRunLimit: 0,
    },
    testPattern: pattern,
    excludeTestPattern: GAS_TESTS,
    eip712CanonicalTypes: [],
    testSourcePaths: {},
    testProfile: "default",
    declaredTestProfiles: ["default"],
    observability: onHits && {
      codeCoverage: { onCollectedCoverageCallback: async (tags) => onHits(tags.map((t) => Buffer.from(t).toString("hex"))) },
    },
  };
  if (suites.length === 0) return { failures, count };
  let finished = 0;
  await new Promise((resolve, reject) => {
    let returned = false;
    const done = () => finished === suites.length && returned && resolve();
    context
      .runSolidityTests(lib.L1_CHAIN_TYPE, [...artifacts.values()], suites, config, { buildInfos: [], ignoreContracts: false }, (suite) => {
        for (const test of suite.testResults) {
          ++count;
          if (test.status === "Failure") {
            failures.push({ file: suite.id.source, suite: suite.id.name, test: test.name, reason: test.reason ?? "" });
          }
        }
        ++finished;
        done();
      })
      .then(() => {
        returned = true;
        done();
      }, reject);
  });
  return { failures, count };
}

/** The names of the files and of all that they import. */
function closure(files, sources) {
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    importsOf(name, sources[name]).forEach(add);
  };
  files.forEach(add);
  return found;
}

/** The contracts under contracts/ that can be deployed and whose code depends on `file`, as a selection. */
export function deployablesWith(file, sources, artifacts) {
  const reaches = new Map();
  const reach = (name) => {
    if (reaches.has(name)) return reaches.get(name);
    reaches.set(name, false);
    const found = name === file || importsOf(name, sources[name]).some((target) => isCodeOf(name, target, sources) && reach(target));
    reaches.set(name, found);
    return found;
  };
  const selection = {};
  for (const { id, contract } of artifacts.values()) {
    if (!id.source.startsWith("contracts/") || contract.bytecode === "0x") continue;
    if (contractsIn(sources[id.source]).includes(id.name) && reach(id.source)) (selection[id.source] ??= []).push(id.name);
  }
  return selection;
}

/** Whether what a file imports from another becomes a part of its code: types do not, nor contracts that are only called. */
function isCodeOf(name, target, sources) {
  if (/^I[A-Z]/.test(basename(name))) return false;
  const made = contractsIn(sources[target]);
  return made.length === 0 || made.some((contract) => new RegExp(`(^(abstract )?contract \\w+ is [^{]*|\\bnew )\\b${contract}\\b`, "m").test(sources[name]));
}

/** The contracts of a file that can be deployed, libraries aside. */
function contractsIn(text) {
  return [...text.matchAll(/^contract (\w+)/gm)].map(([, name]) => name);
}

/** The names of the files that a file imports. */
function importsOf(name, text) {
  return [...text.matchAll(/(?:^|;)\s*(?:import|\} from)[^"';]*["']([^"']+)["']/gm)].map(([, target]) =>
    target.startsWith(".") ? join(dirname(name), target) : target,
  );
}
