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

// Tests are compiled without an optimiser, five times as fast; the contracts that they deploy are the very ones that
// users deploy. Those of the Merkle formula hold it themselves, and it is compiled the one way.
const quick = { ...compiler, settings: { ...compiler.settings, viaIR: false, optimizer: { enabled: false } } };
const tests = readdirSync(join(root, "tests", "contracts"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".sol"))
  .map((name) => [`tests/contracts/${name}`, name.startsWith("transcript") ? compiler : quick]);
const solidity = { compilers: [compiler], overrides: Object.fromEntries(tests) };

// Hardhat compiles together what has one and the same settings object, and resolves each override to an object of its
// own: sixty tests would be compiled one by one, with all that they import.
const together = {
  id: "touchstone:together",
  hookHandlers: {
    config: async () => ({
      default: async () => ({
        resolveUserConfig: async (config, variables, next) => {
          const resolved = await next(config, variables);
          for (const { overrides } of Object.values(resolved.solidity.profiles)) {
            const known = new Map();
            for (const [name, settings] of Object.entries(overrides)) {
              const key = JSON.stringify(settings);
              if (!known.has(key)) known.set(key, settings);
              overrides[name] = known.get(key);
            }
          }
          return resolved;
        },
      }),
    }),
  },
};

export default defineConfig({
  plugins: [together],
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
