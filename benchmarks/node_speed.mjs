// aws-jwt-verify beside its own floor, crypto.verify of the same texts: interleaved rounds, medians, as JSON.
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const BATCH = 25;
const { id, client, jwks, tokens, rounds } = JSON.parse(readFileSync(0, "utf-8"));
const verifier = CognitoJwtVerifier.create({ userPoolId: id, clientId: client, tokenUse: "access" });
verifier.cacheJwks(jwks);
const key = createPublicKey({ key: jwks.keys[0], format: "jwk" });
const signed = tokens.map((token) => {
  const at = token.lastIndexOf(".");
  return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), "base64url")];
});

function secondsEach(work, given) {
  const begin = process.hrtime.bigint();
  for (const one of given) work(one);
  return Number(process.hrtime.bigint() - begin) / 1e9 / given.length;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const floors = [];
const ours = [];
for (let round = -rounds; round < rounds; round++) {
  // The first half lets the compiler warm up.
  const begin = ((round + rounds) * BATCH) % tokens.length;
  const floor = secondsEach(([text, signature]) => verify("sha256", text, key, signature), signed.slice(begin, begin + BATCH));
  const own = secondsEach((token) => verifier.verifySync(token), tokens.slice(begin, begin + BATCH));
  if (round >= 0) {
    floors.push(floor);
    ours.push(own);
  }
}
const ratio = median(ours.map((seconds, at) => seconds / floors[at]));
process.stdout.write(JSON.stringify({ ratio, micros: median(ours) * 1e6, floor: median(floors) * 1e6, node: process.version }));
