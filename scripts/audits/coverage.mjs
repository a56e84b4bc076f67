// Which lines and branches of contracts/ the Solidity tests reach.
//
// Hardhat's engine counts statements, from which lines follow as `hardhat test solidity --coverage` counts them. It
// knows no branches, so every condition (of `if`, loops, `a ? b : c`) and every operand of `&&` and `||` is wrapped in
// a call that reports whether it was true or false: each is two branches, both of which must be seen.
import { addStatementCoverageInstrumentation, latestSupportedSolidityVersion } from "@nomicfoundation/edr";
import { getCoverageLibrary } from "@nomicfoundation/edr/coverage";
import { compileAll, compileJson, readSources, runTests } from "./engine.mjs";

const LEAST_LINES = 100;
const LEAST_BRANCHES = 95;
const only = process.argv[2];

const WRAPPER = "branch-coverage.sol";
const LIBRARY = getCoverageLibrary();
const wrapper = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;
import {__NomicFoundationCoverage} from "${LIBRARY.filename}";
function __branch(uint256 id, bool taken) pure returns (bool) {
    __NomicFoundationCoverage.sendHit(taken ? id + 1 : id);
    return taken;
}
`;

const sources = readSources("contracts", "tests/contracts");
// The Merkle code keeps things in memory between statements, where the counting would write over them. The referee's
// tests are in Python, against the reference.
const NOT_COUNTED = ["contracts/transcript/", "contracts/referee/"];
const own = Object.keys(sources).filter(
  (name) => name.startsWith("contracts/") && !NOT_COUNTED.some((folder) => name.startsWith(folder)),
);
const { sources: parsed } = compileJson({
  language: "Solidity",
  sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
  settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
});

const branches = [];
const statements = [];
for (const name of own) {
  const withBranches = wrapConditions(name, sources[name], parsed[name].ast);
  const { source, metadata } = addStatementCoverageInstrumentation(withBranches, name, latestSupportedSolidityVersion());
  const lines = lineNumbers(withBranches);
  for (const { tag, startUtf16, endUtf16 } of metadata) {
    statements.push({ name, tag: Buffer.from(tag).toString("hex"), ...extent(withBranches, lines, startUtf16, endUtf16) });
  }
  sources[name] = source;
}
sources[LIBRARY.filename] = LIBRARY.content;
sources[WRAPPER] = wrapper;

const hits = new Set();
const artifacts = compileAll(sources);
// Gas differs, since the code says where it has been.
const wanted = (name) => name.startsWith(only ?? "tests/contracts/") && !name.includes("/Gas.t.sol");
const { failures, count } = await runTests(artifacts, wanted, {
  invariantRuns: 64,
  onHits: (tags) => tags.forEach((tag) => hits.add(tag)),
});
report();

/** Wrap every condition of a file; lines stay where they are. */
function wrapConditions(name, text, ast) {
  const bytes = Buffer.from(text);
  const found = [];
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach(visit);
    if (["IfStatement", "WhileStatement", "DoWhileStatement", "ForStatement", "Conditional"].includes(node.nodeType)) {
      if (node.condition) found.push(node.condition.src);
    }
    if (node.nodeType === "BinaryOperation" && ["&&", "||"].includes(node.operator)) {
      found.push(node.leftExpression.src, node.rightExpression.src);
    }
    Object.values(node).forEach(visit);
  };
  visit(ast);
  const edits = [];
  for (const src of new Set(found)) {
    const [start, length] = src.split(":").map(Number);
    const id = 2 ** 40 + 2 * branches.length;
    const before = bytes.subarray(0, start).toString();
    const condition = bytes.subarray(start, start + length).toString();
    branches.push({ name, line: before.split("\n").length, condition: condition.replace(/\s+/g, " "), id });
    edits.push([start, 1, length, `__branch(${id}, `], [start + length, 0, -length, ")"]);
  }
  if (edits.length === 0) return text;
  // Outer conditions open first and close last.
  edits.sort((a, b) => a[0] - b[0] || a[1] - b[1] || b[2] - a[2]);
  let result = "";
  let at = 0;
  for (const [position, , , insert] of edits) {
    result += bytes.subarray(at, position).toString() + insert;
    at = position;
  }
  result += bytes.subarray(at).toString();
  return result.replace(/^pragma solidity [^\n]*$/m, (line) => `${line} import {__branch} from "${WRAPPER}";`);
}

function lineNumbers(text) {
  let line = 1;
  return [...text].flatMap((character) => {
    const here = new Array(character.length).fill(line);
    if (character === "\n") ++line;
    return here;
  });
}

/** First and last line of a statement, without the white space and comments around it. */
function extent(text, lines, start, end) {
  const code = text.slice(start, end).replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
  const first = start + code.search(/\S/);
  return { from: lines[first], to: lines[start + code.trimEnd().length - 1] };
}

/** Hits are 32 bytes; ids of branches are numbers, tags of statements are hashes. */
function wasHit(id) {
  return hits.has(id.toString(16).padStart(64, "0"));
}

function report() {
  const files = new Map(own.map((name) => [name, { lines: new Map(), branches: [] }]));
  for (const { name, tag, from, to } of statements) {
    const { lines } = files.get(name);
    // A line is reached where all statements that begin on it are; one that nothing reached marks all its lines.
    const reached = hits.has(tag);
    for (let line = from; line <= (reached ? from : to); ++line) lines.set(line, (lines.get(line) ?? true) && reached);
  }
  for (const { name, id, line, condition } of branches) {
    for (const taken of [false, true]) {
      files.get(name).branches.push({ line, condition, taken, reached: wasHit(taken ? id + 1 : id) });
    }
  }
  const totals = { lines: [0, 0], branches: [0, 0] };
  const rows = [];
  const missing = [];
  for (const [name, { lines, branches: sides }] of files) {
    const reachedLines = [...lines.values()].filter(Boolean).length;
    const reachedSides = sides.filter((side) => side.reached).length;
    totals.lines[0] += reachedLines;
    totals.lines[1] += lines.size;
    totals.branches[0] += reachedSides;
    totals.branches[1] += sides.length;
    if (lines.size === 0) continue;
    rows.push([name, percent(reachedLines, lines.size), percent(reachedSides, sides.length)]);
    for (const [line, reached] of lines) if (!reached) missing.push(`${name}:${line}: not reached`);
    for (const { line, condition, taken, reached } of sides) {
      if (!reached) missing.push(`${name}:${line}: never ${taken}: ${condition}`);
    }
  }
  rows.push(["all", percent(...totals.lines), percent(...totals.branches)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(`${"".padEnd(width)}   lines  branches`);
  for (const [name, l, b] of rows) console.log(`${name.padEnd(width)} ${l.padStart(7)} ${b.padStart(9)}`);
  console.log(missing.join("\n"));
  console.log(
    `${count} tests; ${totals.lines.join(" of ")} lines, ${totals.branches.join(" of ")} sides of ${branches.length} conditions`,
  );
  if (failures.length > 0) console.error("tests failed:", failures);
  const share = ([reached, all]) => (100 * reached) / all;
  const enough = share(totals.lines) >= LEAST_LINES && share(totals.branches) >= LEAST_BRANCHES;
  process.exit(failures.length > 0 || (only === undefined && !enough) ? 1 : 0);
}

function percent(reached, all) {
  return all === 0 ? "-" : `${((100 * reached) / all).toFixed(2)}`;
}
