/** Sign-in is between the browser and Cognito: the app is handed a token and never sees a password. */

/** The app's public settings: where Cognito is, and which app client this page is. */
const settings = fetch("/settings.json").then((answer) => answer.json());

/** Return the tokens of a user who gives the right password. */
export function signIn(username, password) {
  return initiateAuth("USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: password });
}

/** Return a new access token for a refresh token. */
export function renew(refreshToken) {
  return initiateAuth("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refreshToken });
}

async function initiateAuth(flow, parameters) {
  const { cognito_url, client_id } = await settings;
  const response = await fetch(cognito_url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    },
    body: JSON.stringify({ AuthFlow: flow, ClientId: client_id, AuthParameters: parameters }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? answer.__type);
  if (!answer.AuthenticationResult) {
    throw new Error(`Cognito asks for one more step, ${answer.ChallengeName}, which this page does not know.`);
  }
  return answer.AuthenticationResult;
}
