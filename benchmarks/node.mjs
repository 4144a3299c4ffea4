// aws-jwt-verify: its verdict on each token, or (rounds > 0) its time beside that of crypto.verify, as JSON.
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { JwtBaseError } from "aws-jwt-verify/error";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const BATCH = 25;
const { id, client, jwks, tokens, rounds } = JSON.parse(readFileSync(0, "utf-8"));
const verifier = CognitoJwtVerifier.create({ userPoolId: id, clientId: client, tokenUse: "access" });
verifier.cacheJwks(jwks);

function verdict(token) {
  try {
    verifier.verifySync(token);
    return "accepts";
  } catch (error) {
    return error instanceof JwtBaseError ? "refuses" : `fails: ${error.constructor.name}`;
  }
}

function secondsEach(work, given) {
  const begin = process.hrtime.bigint();
  for (const one of given) work(one);
  return Number(process.hrtime.bigint() - begin) / 1e9 / given.length;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function times() {
  const key = createPublicKey({ key: jwks.keys[0], format: "jwk" });
  const signed = tokens.map((token) => {
    const at = token.lastIndexOf(".");
    return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), "base64url")];
  });
  const ratios = [];
  // The first half of the rounds lets the compiler warm up.
  for (let round = 0; round < 2 * rounds; round++) {
    const begin = (round * BATCH) % tokens.length;
    const floor = secondsEach(([text, signature]) => verify("sha256", text, key, signature), signed.slice(begin, begin + BATCH));
    const own = secondsEach((token) => verifier.verifySync(token), tokens.slice(begin, begin + BATCH));
    if (round >= rounds) ratios.push(own / floor);
  }
  return { ratio: median(ratios), node: process.version };
}

process.stdout.write(JSON.stringify(rounds > 0 ? times() : tokens.map(verdict)));
