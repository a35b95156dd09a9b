// Runs faceres-deep in TensorFlow.js itself (plain JavaScript backend) on inputs made by a formula, and prints the outputs as
// JSON: the reference that tests/unit/weights/test_tfjs.py holds the converted ONNX file against.
//
//   npm install @tensorflow/tfjs@4
//   node reference.mjs FOLDER > faceres_reference.json      (FOLDER holds faceres-deep.json and faceres-deep.bin)

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "/"));
const tf = require("@tensorflow/tfjs");

const SEEDS = [0, 1, 2];
const SIDE = 224;

// Number i of input `seed`, in the order row, column, channel. Seed 0 is a smooth slope; the others are an integer hash of i,
// modulo 2^32. The same arithmetic is in the test.
function value(i, seed) {
  if (seed === 0) {
    const [row, column, channel] = [Math.floor(i / 3 / SIDE), Math.floor(i / 3) % SIDE, i % 3];
    return ((row + 2 * column + 40 * channel) % 256) - 128;
  }
  let x = (Math.imul(i, 2654435761) + Math.imul(seed, 40503)) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
  return (x >>> 24) - 128;
}

function input(seed) {
  return tf.tensor(Float32Array.from({ length: SIDE * SIDE * 3 }, (_, i) => value(i, seed)), [1, SIDE, SIDE, 3]);
}

const folder = process.argv[2];
const { modelTopology, weightsManifest, signature, format } = JSON.parse(readFileSync(join(folder, "faceres-deep.json")));
const data = readFileSync(join(folder, "faceres-deep.bin"));
const weightData = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
const weightSpecs = weightsManifest.flatMap((group) => group.weights);

await tf.setBackend("cpu");
const model = await tf.loadGraphModel({ load: async () => ({ format, modelTopology, signature, weightSpecs, weightData }) });
const names = ["age_pred/Softmax:0", "gender_pred/Sigmoid:0", "global_pooling/Mean:0"];
const outputs = [];
for (const seed of SEEDS) {
  const results = model.execute({ "input_1:0": input(seed) }, names);
  outputs.push(Object.fromEntries(results.map((result, index) => [names[index], Array.from(result.dataSync(), (x) => Number(x.toPrecision(8)))])));
}
const made_with = `@tensorflow/tfjs ${tf.version.tfjs}, backend ${tf.getBackend()}, training/faceres/reference.mjs`;
console.log(JSON.stringify({ made_with, seeds: SEEDS, outputs }));
