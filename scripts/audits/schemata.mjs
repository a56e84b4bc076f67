// Puts many mutants into one build: each stands in the code beside what it changes, and a number, which a test run
// chooses, says which of them is in force. So the contracts are compiled once and not for every mutant.
//
// The number is the length of the code at one address, which the run deploys. That is a look at the state, so that the
// compiler must be talked into it where a function is `pure`.
import { CompilerError, compileJson } from "./engine.mjs";

const SWITCH = "0x00000000000000000000000000000000C0FFee00";
const HELPER = "mutant.sol";
const helper = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;
function __m(uint256 id) pure returns (bool) {
    function(uint256) view returns (bool) looks = __isInForce;
    function(uint256) pure returns (bool) seems;
    assembly ("memory-safe") { seems := looks }
    return seems(id);
}
function __isInForce(uint256 id) view returns (bool result) {
    assembly ("memory-safe") { result := eq(extcodesize(${SWITCH}), id) }
}
`;

/** What a test run deploys to put a mutant in force. */
export function inForce(id) {
  return { address: Buffer.from(SWITCH.slice(2), "hex"), balance: 0n, nonce: 1n, code: new Uint8Array(id), storage: [] };
}

/**
 * Sources with all of the mutants that can stand beside their originals; those have an `id` then. The others, such as
 * a change of a constant, must be compiled one by one.
 */
export function withMutants(sources, mutants) {
  const groups = new Map();
  mutants.forEach((mutant, i) => {
    if (mutant.whole === undefined) return;
    mutant.id = i + 1;
    const key = `${mutant.file} ${mutant.whole.join(" ")}`;
    const group = groups.get(key) ?? { file: mutant.file, start: mutant.whole[0], end: mutant.whole[1], mutants: [] };
    group.mutants.push(mutant);
    groups.set(key, group);
  });
  let kept = [...groups.values()];
  for (;;) {
    const result = { ...sources, [HELPER]: helper };
    for (const file of new Set(kept.map((group) => group.file))) {
      result[file] = rewrite(Buffer.from(sources[file]), kept.filter((group) => group.file === file));
    }
    const unfit = unfitGroups(result, kept);
    if (unfit.size === 0) return result;
    for (const group of unfit) group.mutants.forEach((mutant) => delete mutant.id);
    kept = kept.filter((group) => !unfit.has(group));
  }
}

function rewrite(bytes, groups) {
  const between = (start, end) => bytes.subarray(start, end).toString();
  // Outer groups first, so that the groups inside one follow it.
  groups.sort((a, b) => a.start - b.start || b.end - a.end);
  const render = (from, to, inside) => {
    let text = "";
    let at = from;
    for (let i = 0; i < inside.length; ) {
      const group = inside[i];
      const nested = [];
      for (++i; i < inside.length && inside[i].start < group.end; ++i) nested.push(inside[i]);
      text += between(at, group.start) + wrap(group, render(group.start, group.end, nested));
      at = group.end;
    }
    return text + between(at, to);
  };
  const wrap = (group, inner) => {
    const n = group.mutants[0].id;
    const [first] = group.mutants;
    if (first.kind === "statement") return `/*<${n}*/ { if (!__m(${first.id})) { ${inner} } } /*${n}>*/`;
    const plain = first.kind === "number" ? `uint256(${inner})` : `(${inner})`;
    const chain = group.mutants.map((mutant) => {
      const { start, end, new: text } = mutant;
      const changed = between(group.start, start) + text + between(end, group.end);
      return `__m(${mutant.id}) ? ${mutant.kind === "number" ? "uint256" : ""}(${changed}) : `;
    });
    return `/*<${n}*/(${chain.join("")}${plain})/*${n}>*/`;
  };
  return render(0, bytes.length, groups).replace(
    /^pragma solidity [^\n]*$/m,
    (line) => `${line} import {__m} from "${HELPER}";`,
  );
}

/** The groups that keep the sources from being compiled. */
function unfitGroups(sources, groups) {
  const errors = errorsOf(sources);
  const unfit = new Set();
  for (const { sourceLocation, formattedMessage } of errors) {
    const text = Buffer.from(sources[sourceLocation.file]).toString("latin1");
    const places = groups
      .filter((group) => group.file === sourceLocation.file)
      .map((group) => {
        const n = group.mutants[0].id;
        return { group, from: text.indexOf(`/*<${n}*/`), to: text.indexOf(`/*${n}>*/`) };
      });
    const { start, end } = sourceLocation;
    const inside = places.filter(({ from, to }) => start <= from && to <= end);
    const numbers = inside.filter(({ group }) => group.mutants[0].kind === "number");
    const around = places.filter(({ from, to }) => from <= start && end <= to).sort((a, b) => b.from - a.from);
    const blamed = numbers.length > 0 ? numbers : inside.length > 0 ? inside : around.slice(0, 1);
    if (blamed.length === 0) throw new CompilerError(formattedMessage);
    blamed.forEach(({ group }) => unfit.add(group));
  }
  return unfit;
}

function errorsOf(sources) {
  try {
    compileJson({
      language: "Solidity",
      sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
      settings: { outputSelection: { "*": { "*": ["abi"] } } },
    });
    return [];
  } catch (error) {
    if (error instanceof CompilerError) return error.errors;
    throw error;
  }
}
