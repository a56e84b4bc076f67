// The mutants of the vault and of the market's money paths: one small change each, found in the syntax trees.
//
//   comparison   < becomes <= and >=, == becomes !=, and so on
//   arithmetic   + becomes -, * becomes /, += becomes -=, and so on
//   bits         & becomes |, << becomes >>, and so on
//   logic        && becomes ||; a ! is dropped
//   condition    of an `if` or of `a ? b : c`: always true, always false
//   statement    dropped: a call, an assignment, an event, an early return
//   number       one more, one less
//   modifier     dropped
import { createHash } from "node:crypto";
import { compileJson } from "./engine.mjs";

export const TARGETS = [
  "contracts/stake/StakeVault.sol",
  "contracts/types/BondLedger.sol",
  "contracts/types/Demand.sol",
  "contracts/types/PriceLadder.sol",
  "contracts/types/Slices.sol",
  "contracts/market/Challenging.sol",
  "contracts/market/Contesting.sol",
  "contracts/market/Demanding.sol",
  "contracts/market/Drawing.sol",
  "contracts/market/Earnings.sol",
  "contracts/market/Equivocating.sol",
  "contracts/market/Holding.sol",
  "contracts/market/MarketBase.sol",
  "contracts/market/Opening.sol",
  "contracts/market/Recalling.sol",
  "contracts/market/Replacing.sol",
  "contracts/market/Revealing.sol",
  "contracts/market/Settling.sol",
  "contracts/market/SlowPath.sol",
  "contracts/market/Starving.sol",
];

const OPERATORS = {
  comparison: {
    "<": ["<=", ">="],
    "<=": ["<", ">"],
    ">": [">=", "<="],
    ">=": [">", "<"],
    "==": ["!="],
    "!=": ["=="],
  },
  arithmetic: { "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "+=": ["-="], "-=": ["+="] },
  bits: { "&": ["|"], "|": ["&"], "<<": [">>"], ">>": ["<<"], "|=": ["&="], "&=": ["|="] },
  logic: { "&&": ["||"], "||": ["&&"] },
};

/**
 * All mutants, as {file, kind, line, start, end, old, new, whole}, in an order that is random and always the same.
 * `whole` is the place of the expression or statement that holds the change; none where the language asks for a constant.
 */
export function mutantsOf(sources) {
  const { sources: parsed } = compileJson({
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
  });
  const mutants = TARGETS.flatMap((file) => mutantsIn(file, Buffer.from(sources[file]), parsed[file].ast));
  return mutants.sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
}

/** What identifies a mutant, wherever in its file it stands. */
export function describe({ file, line, old, new: text }, sources) {
  return `${file}: ${sources[file].split("\n")[line - 1].trim()}: ${flat(old)} => ${flat(text)}`;
}

const digest = ({ whole, ...mutant }) => createHash("sha256").update(JSON.stringify(mutant)).digest("hex");
const flat = (text) => text.replace(/\s+/g, " ");

function mutantsIn(file, bytes, ast) {
  const found = new Map();
  const between = (start, end) => bytes.subarray(start, end).toString();
  const add = (kind, start, end, text, whole) => {
    const line = between(0, start).split("\n").length;
    const old = between(start, end);
    if (old !== text) found.set(`${start} ${end} ${text}`, { file, kind, line, start, end, old, new: text, whole });
  };
  const operator = (name, from, to, whole) => {
    for (const [kind, changes] of Object.entries(OPERATORS)) {
      // The sign stands between the two sides, among white space, brackets and comments.
      const start = from + between(from, to).indexOf(name);
      for (const change of changes[name] ?? []) add(kind, start, start + name.length, change, whole);
    }
  };
  const visit = (node, parent, inFunction) => {
    if (Array.isArray(node)) return node.forEach((child) => visit(child, parent, inFunction));
    if (node?.nodeType === undefined) return;
    const [start, end] = extent(node);
    const whole = inFunction === null ? undefined : [start, end];
    switch (node.nodeType) {
      case "InlineAssembly":
      case "ImportDirective":
      case "PragmaDirective":
        return;
      case "FunctionDefinition":
        inFunction = node;
        break;
      case "BinaryOperation":
        operator(node.operator, extent(node.leftExpression)[1], extent(node.rightExpression)[0], whole);
        break;
      case "Assignment":
        operator(node.operator, extent(node.leftHandSide)[1], extent(node.rightHandSide)[0], whole);
        break;
      case "UnaryOperation":
        if (node.operator === "!") add("logic", start, start + 1, "", whole);
        break;
      case "IfStatement":
      case "Conditional": {
        const condition = extent(node.condition);
        for (const value of ["true", "false"]) add("condition", ...condition, value, condition);
        break;
      }
      case "ForStatement":
        // A loop that never ends shows nothing but patience.
        visit([node.condition, node.body], node, inFunction);
        return;
      case "ExpressionStatement":
      case "EmitStatement":
        add("statement", start, end + 1, "{}", [start, end + 1]);
        break;
      case "Return":
        if (inFunction.returnParameters.parameters.length === 0 && parent.nodeType !== "IfStatement") {
          add("statement", start, end + 1, "{}", [start, end + 1]);
        }
        break;
      case "Literal":
        if (node.kind === "number" && /^\d+$/.test(node.value)) {
          add("number", start, end, String(BigInt(node.value) + 1n), whole);
          if (node.value !== "0") add("number", start, end, String(BigInt(node.value) - 1n), whole);
        }
        break;
      case "ModifierInvocation":
        if (node.arguments == null) add("modifier", start, end, "");
        break;
    }
    for (const child of Object.values(node)) visit(child, node, inFunction);
  };
  visit(ast.nodes, ast, null);
  return [...found.values()];
}

function extent({ src }) {
  const [start, length] = src.split(":").map(Number);
  return [start, start + length];
}
