// Reads contracts/ with the project's compiler and writes what Slither takes for a build by Hardhat: one file with the
// question and one with the syntax trees. Nothing of artifacts/ is used, so that no older build can stand in for this
// one; no code is generated, since Slither reads trees alone. The folder is the only argument.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import config from "../../hardhat.config.js";
import { compileJson, readSources } from "./engine.mjs";

const target = join(process.argv[2], "build-info");
const { settings, version } = config.solidity.profiles.production.compilers[0];
const input = {
  language: "Solidity",
  sources: Object.fromEntries(Object.entries(readSources("contracts")).map(([name, content]) => [name, { content }])),
  settings: { ...settings, outputSelection: { "*": { "": ["ast"], "*": ["abi", "devdoc", "userdoc"] } } },
};
const output = compileJson(input);
for (const contract of Object.values(output.contracts).flatMap(Object.values)) {
  const none = { object: "", sourceMap: "" };
  contract.evm = { bytecode: none, deployedBytecode: none, methodIdentifiers: {} };
}
mkdirSync(target, { recursive: true });
writeFileSync(join(target, "build.json"), JSON.stringify({ solcVersion: version, input }));
writeFileSync(join(target, "build.output.json"), JSON.stringify({ output }));
