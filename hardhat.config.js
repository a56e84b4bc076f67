import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "hardhat/config";

const root = dirname(fileURLToPath(import.meta.url));

// The compiler is the pinned npm package, never a download: builds work offline and are the same everywhere.
const compiler = {
  version: "0.8.37",
  path: join(root, "node_modules", "solc", "soljson.js"),
  settings: {
    evmVersion: "osaka",
    viaIR: true,
    optimizer: { enabled: true, runs: 1_000 },
    metadata: { bytecodeHash: "none", appendCBOR: false },
  },
};

// Tests are compiled the quick way; the contracts that they deploy are the very ones that users deploy. Those of the
// Merkle formula hold it themselves, and it is compiled the one way.
const quick = { ...compiler, settings: { ...compiler.settings, viaIR: false } };
const tests = readdirSync(join(root, "tests", "contracts"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".sol"))
  .map((name) => [`tests/contracts/${name}`, name.startsWith("transcript") ? compiler : quick]);
const solidity = { compilers: [compiler], overrides: Object.fromEntries(tests) };

export default defineConfig({
  solidity: { profiles: { default: solidity, production: solidity } },
  paths: {
    sources: "contracts",
    tests: { solidity: "tests/contracts" },
  },
  test: {
    solidity: {
      // A fixed seed: a failure seen once is seen again.
      fuzz: { runs: 256, seed: "0x746f756368" },
      // The moves of tests/contracts/invariants choose their own arguments and never revert: a revert is a failure.
      invariant: {
        runs: process.env.TOUCHSTONE_LONG ? 10_000 : 1_024,
        depth: 32,
        failOnRevert: true,
        dictionaryWeight: 0,
        includeStorage: false,
        includePushBytes: false,
      },
      fsPermissions: { readDirectory: ["tests/vectors"] },
    },
  },
});
