// What aws-jwt-verify says to each token on standard input; see verdicts.py.
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { JwtBaseError } from "aws-jwt-verify/error";
import { readFileSync } from "node:fs";

const { id, client, jwks, tokens } = JSON.parse(readFileSync(0, "utf-8"));
const verifier = CognitoJwtVerifier.create({ userPoolId: id, clientId: client, tokenUse: "access" });
verifier.cacheJwks(jwks);
const verdicts = tokens.map((token) => {
  try {
    verifier.verifySync(token);
    return "accepts";
  } catch (error) {
    return error instanceof JwtBaseError ? "refuses" : `fails: ${error.constructor.name}`;
  }
});
process.stdout.write(JSON.stringify(verdicts));
