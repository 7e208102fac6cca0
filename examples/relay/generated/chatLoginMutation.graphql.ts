/**
 * @generated SignedSource<<20de37772b78a572e5c9caaf79d82799>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type ErrorCode = "CONVERSATION_CLOSED" | "FORBIDDEN" | "HANDLE_TAKEN" | "INVALID_CREDENTIALS" | "MESSAGE_DELETED" | "MESSAGE_LOCKED" | "NOT_FOUND" | "OP_KEY_REUSED" | "REVISION_CONFLICT" | "SESSION_EXPIRED" | "VALIDATION_ERROR" | "%future added value";
export type LoginInput = {
  handle: string;
  password: string;
};
export type chatLoginMutation$variables = {
  input: LoginInput;
};
export type chatLoginMutation$data = {
  readonly login: {
    readonly __typename: string;
    readonly code?: ErrorCode;
    readonly reason?: string;
    readonly session?: {
      readonly accessToken: string;
      readonly accessTokenExpiresAt: string;
      readonly refreshToken: string;
    };
  };
};
export type chatLoginMutation = {
  response: chatLoginMutation$data;
  variables: chatLoginMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "input",
        "variableName": "input"
      }
    ],
    "concreteType": null,
    "kind": "LinkedField",
    "name": "login",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "__typename",
        "storageKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "concreteType": "Session",
            "kind": "LinkedField",
            "name": "session",
            "plural": false,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "accessToken",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "accessTokenExpiresAt",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "refreshToken",
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "type": "LoginSuccess",
        "abstractKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "code",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "reason",
            "storageKey": null
          }
        ],
        "type": "Error",
        "abstractKey": "__isError"
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "chatLoginMutation",
    "selections": (v1/*:: as any*/),
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "chatLoginMutation",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "0584a5980ba161eb071f5133fd42658d",
    "id": null,
    "metadata": {},
    "name": "chatLoginMutation",
    "operationKind": "mutation",
    "text": "mutation chatLoginMutation(\n  $input: LoginInput!\n) {\n  login(input: $input) {\n    __typename\n    ... on LoginSuccess {\n      session {\n        accessToken\n        accessTokenExpiresAt\n        refreshToken\n      }\n    }\n    ... on Error {\n      __isError: __typename\n      code\n      reason\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "8004f53db356e034e5a2e6c54821f8fe";

export default node;
