/**
 * @generated SignedSource<<e7ccef1f1e8989d62717d4efabfd2d24>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type chatInboxQuery$variables = Record<PropertyKey, never>;
export type chatInboxQuery$data = {
  readonly inbox: {
    readonly nodes: ReadonlyArray<{
      readonly conversation: {
        readonly id: string;
        readonly peer: {
          readonly displayName: string;
          readonly id: string;
        } | null | undefined;
        readonly title: string | null | undefined;
      };
      readonly id: string;
      readonly unreadCount: number;
    }>;
  };
};
export type chatInboxQuery = {
  response: chatInboxQuery$data;
  variables: chatInboxQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Literal",
        "name": "first",
        "value": 25
      }
    ],
    "concreteType": "InboxConnection",
    "kind": "LinkedField",
    "name": "inbox",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "InboxEntry",
        "kind": "LinkedField",
        "name": "nodes",
        "plural": true,
        "selections": [
          (v0/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "unreadCount",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "concreteType": "Conversation",
            "kind": "LinkedField",
            "name": "conversation",
            "plural": false,
            "selections": [
              (v0/*:: as any*/),
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "title",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "concreteType": "User",
                "kind": "LinkedField",
                "name": "peer",
                "plural": false,
                "selections": [
                  (v0/*:: as any*/),
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "displayName",
                    "storageKey": null
                  }
                ],
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": "inbox(first:25)"
  }
];
return {
  "fragment": {
    "argumentDefinitions": [],
    "kind": "Fragment",
    "metadata": null,
    "name": "chatInboxQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [],
    "kind": "Operation",
    "name": "chatInboxQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "ffa58ffd655da22ea13e2a06311594f1",
    "id": null,
    "metadata": {},
    "name": "chatInboxQuery",
    "operationKind": "query",
    "text": "query chatInboxQuery {\n  inbox(first: 25) {\n    nodes {\n      id\n      unreadCount\n      conversation {\n        id\n        title\n        peer {\n          id\n          displayName\n        }\n      }\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "f168ba432dcb4c418f3bd99bba914206";

export default node;
