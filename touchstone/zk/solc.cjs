// The npm compiler behind the command line that py-solc-x expects: --version, or --standard-json from standard input.
const solc = require(process.env.TOUCHSTONE_SOLC);

async function compile() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  process.stdout.write(solc.compile(Buffer.concat(parts).toString()));
}

if (process.argv.includes("--version")) process.stdout.write(`Version: ${solc.version()}\n`);
else compile();
