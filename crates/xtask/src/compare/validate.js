// Prints what the Khronos validator says about a GLB file: node validate.js FILE, with gltf-validator in NODE_PATH.
const { readFileSync } = require("fs");
const bytes = new Uint8Array(readFileSync(process.argv[2]));
require("gltf-validator")
  .validateBytes(bytes, { maxIssues: 10000 })
  .then((report) => console.log(JSON.stringify(report.issues)));
