// Compiles tests/proofs with the deployed contracts' own settings and writes what the prover reads: one JSON file for
// each contract, laid out as Foundry does. The folder is the only argument.
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import config from "../../hardhat.config.js";
import { compileJson, readSources } from "./engine.mjs";

const target = process.argv[2];
const { settings, version } = config.solidity.profiles.production.compilers[0];
const sources = readSources("tests/proofs");
const output = compileJson({
  language: "Solidity",
  sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
  settings: {
    ...settings,
    outputSelection: {
      "*": { "": ["ast"] },
      ...Object.fromEntries(
        Object.keys(sources)
          .filter((name) => name.startsWith("tests/proofs/"))
          .map((name) => [name, { "*": ["abi", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers", "devdoc"], "": ["ast"] }]),
      ),
    },
  },
});
for (const [file, contracts] of Object.entries(output.contracts)) {
  for (const [name, { abi, evm, devdoc }] of Object.entries(contracts)) {
    const folder = join(target, "out", basename(file));
    mkdirSync(folder, { recursive: true });
    const artifact = {
      abi,
      bytecode: { ...evm.bytecode, object: `0x${evm.bytecode.object}` },
      deployedBytecode: { ...evm.deployedBytecode, object: `0x${evm.deployedBytecode.object}` },
      methodIdentifiers: evm.methodIdentifiers,
      metadata: { compiler: { version }, output: { devdoc } },
      ast: output.sources[file].ast,
      id: output.sources[file].id,
    };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(artifact));
  }
}
