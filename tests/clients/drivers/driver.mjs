// The twin of driver.py for the clients on Node: the same lines in, the same lines out.
// Its argument is the directory in which the client is installed.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/package.json`);
const mem0 = require("mem0ai");
const clients = new Map();

const verbs = {
  open: (request) => {
    clients.set(request.open, new mem0[request.class](request.options));
  },
  call: (request) => clients.get(request.call)[request.method](...request.args),
  methods: (request) =>
    Object.getOwnPropertyNames(mem0[request.methods].prototype).filter(
      (name) => name !== "constructor" && !name.startsWith("_"),
    ),
};

async function answer(request) {
  const [verb] = Object.keys(request);
  try {
    return { value: (await verbs[verb](request)) ?? null };
  } catch (error) {
    return { raised: error.name, text: error.message };
  }
}

// A client prints on stdout only through the console, and nothing may get between the answers.
console.log = console.info = console.error;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
