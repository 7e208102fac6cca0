/**
 * @generated SignedSource<<f3411ae5bcb5a206ea2c9961f2b5462d>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type ErrorCode = "CONVERSATION_CLOSED" | "FORBIDDEN" | "HANDLE_TAKEN" | "INVALID_CREDENTIALS" | "MESSAGE_DELETED" | "MESSAGE_LOCKED" | "NOT_FOUND" | "OP_KEY_REUSED" | "REVISION_CONFLICT" | "SESSION_EXPIRED" | "VALIDATION_ERROR" | "%future added value";
export type SendMessageInput = {
  clientMessageId: string;
  conversationId: string;
  replyToId?: string | null | undefined;
  text?: string | null | undefined;
};
export type chatSendMessageMutation$variables = {
  input: SendMessageInput;
};
export type chatSendMessageMutation$data = {
  readonly sendMessage: {
    readonly __typename: string;
    readonly code?: ErrorCode;
    readonly message?: {
      readonly id: string;
      readonly seq: number;
    };
    readonly reason?: string;
  };
};
export type chatSendMessageMutation = {
  response: chatSendMessageMutation$data;
  variables: chatSendMessageMutation$variables;
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
    "name": "sendMessage",
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
            "concreteType": "Message",
            "kind": "LinkedField",
            "name": "message",
            "plural": false,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "id",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "seq",
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "type": "SendMessageSuccess",
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
    "name": "chatSendMessageMutation",
    "selections": (v1/*:: as any*/),
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "chatSendMessageMutation",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "2644f87fcc00f042a6feaff7200a1587",
    "id": null,
    "metadata": {},
    "name": "chatSendMessageMutation",
    "operationKind": "mutation",
    "text": "mutation chatSendMessageMutation(\n  $input: SendMessageInput!\n) {\n  sendMessage(input: $input) {\n    __typename\n    ... on SendMessageSuccess {\n      message {\n        id\n        seq\n      }\n    }\n    ... on Error {\n      __isError: __typename\n      code\n      reason\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "c3d2a494fa038f54ebff4c88e65f539e";

export default node;
