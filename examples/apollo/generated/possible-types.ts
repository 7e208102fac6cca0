
      export type PossibleTypesResultData = {
  "possibleTypes": {
    "AcceptInvitationResult": [
      "AcceptInvitationSuccess",
      "AccountSuspendedError",
      "NotFoundError",
      "ValidationError"
    ],
    "AcceptRequestResult": [
      "AcceptRequestSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "AddMembersResult": [
      "AddMembersSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "AssignSupportResult": [
      "AssignSupportSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "BanMemberResult": [
      "BanMemberSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "BlockUserResult": [
      "BlockUserSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "ChangePasswordResult": [
      "ChangePasswordSuccess",
      "InvalidCredentialsError",
      "ValidationError"
    ],
    "ConversationEvent": [
      "ConversationUpdated",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "CreateApiKeyResult": [
      "CreateApiKeySuccess",
      "ForbiddenError",
      "ValidationError"
    ],
    "CreateGroupResult": [
      "CreateGroupSuccess",
      "ForbiddenError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "CreateStreamTicketResult": [
      "CreateStreamTicketSuccess",
      "ValidationError"
    ],
    "CreateUploadResult": [
      "CreateUploadSuccess",
      "ValidationError"
    ],
    "CreateWebhookEndpointResult": [
      "CreateWebhookEndpointSuccess",
      "ForbiddenError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeclineRequestResult": [
      "DeclineRequestSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "DeleteConversationResult": [
      "DeleteConversationSuccess",
      "ForbiddenError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeleteMessageResult": [
      "DeleteMessageSuccess",
      "ForbiddenError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeleteWebhookEndpointResult": [
      "DeleteWebhookEndpointSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "EditMessageResult": [
      "EditMessageSuccess",
      "ForbiddenError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "RevisionConflictError",
      "ValidationError"
    ],
    "EraseUserResult": [
      "EraseUserSuccess",
      "ForbiddenError",
      "NotFoundError"
    ],
    "Error": [
      "AccountSuspendedError",
      "ConversationClosedError",
      "ForbiddenError",
      "HandleTakenError",
      "InvalidCredentialsError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "RevisionConflictError",
      "SessionExpiredError",
      "ValidationError"
    ],
    "HideConversationResult": [
      "ForbiddenError",
      "HideConversationSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "InboxEvent": [
      "BlockChanged",
      "ConversationUpdated",
      "InboxEntryChanged",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "LeaveConversationResult": [
      "ForbiddenError",
      "LeaveConversationSuccess",
      "NotFoundError"
    ],
    "LoginResult": [
      "AccountSuspendedError",
      "InvalidCredentialsError",
      "LoginSuccess"
    ],
    "MarkDeliveredResult": [
      "MarkDeliveredSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "MarkReadResult": [
      "MarkReadSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "MessageEvent": [
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "SnapshotRequired",
      "UserErased"
    ],
    "Node": [
      "ActiveSession",
      "ApiKey",
      "Attachment",
      "Conversation",
      "InboxEntry",
      "Member",
      "Message",
      "Report",
      "User",
      "Viewer",
      "WebhookDelivery",
      "WebhookEndpoint"
    ],
    "OpenSupportResult": [
      "OpKeyReusedError",
      "OpenSupportSuccess",
      "ValidationError"
    ],
    "PauseWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "PauseWebhookEndpointSuccess",
      "ValidationError"
    ],
    "PinMessageResult": [
      "ForbiddenError",
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "PinMessageSuccess",
      "ValidationError"
    ],
    "ReceiptEvent": [
      "ReceiptAdvanced",
      "SnapshotRequired"
    ],
    "RefreshSessionResult": [
      "RefreshSessionSuccess",
      "SessionExpiredError"
    ],
    "RegisterResult": [
      "HandleTakenError",
      "RegisterSuccess",
      "ValidationError"
    ],
    "RemoveMemberResult": [
      "ForbiddenError",
      "NotFoundError",
      "RemoveMemberSuccess"
    ],
    "RemoveMessageResult": [
      "ForbiddenError",
      "NotFoundError",
      "RemoveMessageSuccess"
    ],
    "RenameConversationResult": [
      "ForbiddenError",
      "NotFoundError",
      "RenameConversationSuccess",
      "ValidationError"
    ],
    "RenewTokenResult": [
      "ForbiddenError",
      "RenewTokenSuccess",
      "ValidationError"
    ],
    "ReplayWebhookResult": [
      "ForbiddenError",
      "NotFoundError",
      "ReplayWebhookSuccess",
      "ValidationError"
    ],
    "ReportMessageResult": [
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ReportMessageSuccess",
      "ValidationError"
    ],
    "ReportUserResult": [
      "NotFoundError",
      "OpKeyReusedError",
      "ReportUserSuccess",
      "ValidationError"
    ],
    "ResolveReportResult": [
      "ForbiddenError",
      "NotFoundError",
      "ResolveReportSuccess",
      "ValidationError"
    ],
    "ResumeWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "ResumeWebhookEndpointSuccess",
      "ValidationError"
    ],
    "RevokeApiKeyResult": [
      "ForbiddenError",
      "NotFoundError",
      "RevokeApiKeySuccess"
    ],
    "RevokeSessionResult": [
      "NotFoundError",
      "RevokeSessionSuccess"
    ],
    "RotateApiKeyResult": [
      "ForbiddenError",
      "NotFoundError",
      "RotateApiKeySuccess",
      "ValidationError"
    ],
    "RotateWebhookSecretResult": [
      "ForbiddenError",
      "NotFoundError",
      "RotateWebhookSecretSuccess",
      "ValidationError"
    ],
    "SendMessageResult": [
      "ConversationClosedError",
      "NotFoundError",
      "OpKeyReusedError",
      "SendMessageSuccess",
      "ValidationError"
    ],
    "SetEditPolicyResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetEditPolicySuccess"
    ],
    "SetHistoryVisibilityResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetHistoryVisibilitySuccess",
      "ValidationError"
    ],
    "SetMemberPermissionsResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetMemberPermissionsSuccess",
      "ValidationError"
    ],
    "SetMemberRoleResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetMemberRoleSuccess",
      "ValidationError"
    ],
    "SetSupportStatusResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetSupportStatusSuccess",
      "ValidationError"
    ],
    "StartDirectResult": [
      "ForbiddenError",
      "NotFoundError",
      "StartDirectSuccess",
      "ValidationError"
    ],
    "StreamEvent": [
      "BlockChanged",
      "ConversationUpdated",
      "InboxEntryChanged",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "SuspendUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "SuspendUserSuccess",
      "ValidationError"
    ],
    "TestWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "TestWebhookEndpointSuccess",
      "ValidationError"
    ],
    "ToggleReactionResult": [
      "ConversationClosedError",
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ToggleReactionSuccess",
      "ValidationError"
    ],
    "TransferOwnershipResult": [
      "ForbiddenError",
      "NotFoundError",
      "TransferOwnershipSuccess",
      "ValidationError"
    ],
    "UnsuspendUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "UnsuspendUserSuccess"
    ],
    "UpdateInboxEntryResult": [
      "NotFoundError",
      "UpdateInboxEntrySuccess",
      "ValidationError"
    ],
    "UpdateWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "UpdateWebhookEndpointSuccess",
      "ValidationError"
    ],
    "UpsertUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "UpsertUserSuccess",
      "ValidationError"
    ]
  }
};
      const result: PossibleTypesResultData = {
  "possibleTypes": {
    "AcceptInvitationResult": [
      "AcceptInvitationSuccess",
      "AccountSuspendedError",
      "NotFoundError",
      "ValidationError"
    ],
    "AcceptRequestResult": [
      "AcceptRequestSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "AddMembersResult": [
      "AddMembersSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "AssignSupportResult": [
      "AssignSupportSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "BanMemberResult": [
      "BanMemberSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "BlockUserResult": [
      "BlockUserSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "ChangePasswordResult": [
      "ChangePasswordSuccess",
      "InvalidCredentialsError",
      "ValidationError"
    ],
    "ConversationEvent": [
      "ConversationUpdated",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "CreateApiKeyResult": [
      "CreateApiKeySuccess",
      "ForbiddenError",
      "ValidationError"
    ],
    "CreateGroupResult": [
      "CreateGroupSuccess",
      "ForbiddenError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "CreateStreamTicketResult": [
      "CreateStreamTicketSuccess",
      "ValidationError"
    ],
    "CreateUploadResult": [
      "CreateUploadSuccess",
      "ValidationError"
    ],
    "CreateWebhookEndpointResult": [
      "CreateWebhookEndpointSuccess",
      "ForbiddenError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeclineRequestResult": [
      "DeclineRequestSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "DeleteConversationResult": [
      "DeleteConversationSuccess",
      "ForbiddenError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeleteMessageResult": [
      "DeleteMessageSuccess",
      "ForbiddenError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ValidationError"
    ],
    "DeleteWebhookEndpointResult": [
      "DeleteWebhookEndpointSuccess",
      "ForbiddenError",
      "NotFoundError",
      "ValidationError"
    ],
    "EditMessageResult": [
      "EditMessageSuccess",
      "ForbiddenError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "RevisionConflictError",
      "ValidationError"
    ],
    "EraseUserResult": [
      "EraseUserSuccess",
      "ForbiddenError",
      "NotFoundError"
    ],
    "Error": [
      "AccountSuspendedError",
      "ConversationClosedError",
      "ForbiddenError",
      "HandleTakenError",
      "InvalidCredentialsError",
      "MessageDeletedError",
      "MessageLockedError",
      "NotFoundError",
      "OpKeyReusedError",
      "RevisionConflictError",
      "SessionExpiredError",
      "ValidationError"
    ],
    "HideConversationResult": [
      "ForbiddenError",
      "HideConversationSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "InboxEvent": [
      "BlockChanged",
      "ConversationUpdated",
      "InboxEntryChanged",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "LeaveConversationResult": [
      "ForbiddenError",
      "LeaveConversationSuccess",
      "NotFoundError"
    ],
    "LoginResult": [
      "AccountSuspendedError",
      "InvalidCredentialsError",
      "LoginSuccess"
    ],
    "MarkDeliveredResult": [
      "MarkDeliveredSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "MarkReadResult": [
      "MarkReadSuccess",
      "NotFoundError",
      "ValidationError"
    ],
    "MessageEvent": [
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "SnapshotRequired",
      "UserErased"
    ],
    "Node": [
      "ActiveSession",
      "ApiKey",
      "Attachment",
      "Conversation",
      "InboxEntry",
      "Member",
      "Message",
      "Report",
      "User",
      "Viewer",
      "WebhookDelivery",
      "WebhookEndpoint"
    ],
    "OpenSupportResult": [
      "OpKeyReusedError",
      "OpenSupportSuccess",
      "ValidationError"
    ],
    "PauseWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "PauseWebhookEndpointSuccess",
      "ValidationError"
    ],
    "PinMessageResult": [
      "ForbiddenError",
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "PinMessageSuccess",
      "ValidationError"
    ],
    "ReceiptEvent": [
      "ReceiptAdvanced",
      "SnapshotRequired"
    ],
    "RefreshSessionResult": [
      "RefreshSessionSuccess",
      "SessionExpiredError"
    ],
    "RegisterResult": [
      "HandleTakenError",
      "RegisterSuccess",
      "ValidationError"
    ],
    "RemoveMemberResult": [
      "ForbiddenError",
      "NotFoundError",
      "RemoveMemberSuccess"
    ],
    "RemoveMessageResult": [
      "ForbiddenError",
      "NotFoundError",
      "RemoveMessageSuccess"
    ],
    "RenameConversationResult": [
      "ForbiddenError",
      "NotFoundError",
      "RenameConversationSuccess",
      "ValidationError"
    ],
    "RenewTokenResult": [
      "ForbiddenError",
      "RenewTokenSuccess",
      "ValidationError"
    ],
    "ReplayWebhookResult": [
      "ForbiddenError",
      "NotFoundError",
      "ReplayWebhookSuccess",
      "ValidationError"
    ],
    "ReportMessageResult": [
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ReportMessageSuccess",
      "ValidationError"
    ],
    "ReportUserResult": [
      "NotFoundError",
      "OpKeyReusedError",
      "ReportUserSuccess",
      "ValidationError"
    ],
    "ResolveReportResult": [
      "ForbiddenError",
      "NotFoundError",
      "ResolveReportSuccess",
      "ValidationError"
    ],
    "ResumeWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "ResumeWebhookEndpointSuccess",
      "ValidationError"
    ],
    "RevokeApiKeyResult": [
      "ForbiddenError",
      "NotFoundError",
      "RevokeApiKeySuccess"
    ],
    "RevokeSessionResult": [
      "NotFoundError",
      "RevokeSessionSuccess"
    ],
    "RotateApiKeyResult": [
      "ForbiddenError",
      "NotFoundError",
      "RotateApiKeySuccess",
      "ValidationError"
    ],
    "RotateWebhookSecretResult": [
      "ForbiddenError",
      "NotFoundError",
      "RotateWebhookSecretSuccess",
      "ValidationError"
    ],
    "SendMessageResult": [
      "ConversationClosedError",
      "NotFoundError",
      "OpKeyReusedError",
      "SendMessageSuccess",
      "ValidationError"
    ],
    "SetEditPolicyResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetEditPolicySuccess"
    ],
    "SetHistoryVisibilityResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetHistoryVisibilitySuccess",
      "ValidationError"
    ],
    "SetMemberPermissionsResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetMemberPermissionsSuccess",
      "ValidationError"
    ],
    "SetMemberRoleResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetMemberRoleSuccess",
      "ValidationError"
    ],
    "SetSupportStatusResult": [
      "ForbiddenError",
      "NotFoundError",
      "SetSupportStatusSuccess",
      "ValidationError"
    ],
    "StartDirectResult": [
      "ForbiddenError",
      "NotFoundError",
      "StartDirectSuccess",
      "ValidationError"
    ],
    "StreamEvent": [
      "BlockChanged",
      "ConversationUpdated",
      "InboxEntryChanged",
      "MemberJoined",
      "MemberLeft",
      "MessageDeleted",
      "MessageEdited",
      "MessageSent",
      "ReactionToggled",
      "ReceiptAdvanced",
      "SnapshotRequired",
      "UserErased"
    ],
    "SuspendUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "SuspendUserSuccess",
      "ValidationError"
    ],
    "TestWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "TestWebhookEndpointSuccess",
      "ValidationError"
    ],
    "ToggleReactionResult": [
      "ConversationClosedError",
      "MessageDeletedError",
      "NotFoundError",
      "OpKeyReusedError",
      "ToggleReactionSuccess",
      "ValidationError"
    ],
    "TransferOwnershipResult": [
      "ForbiddenError",
      "NotFoundError",
      "TransferOwnershipSuccess",
      "ValidationError"
    ],
    "UnsuspendUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "UnsuspendUserSuccess"
    ],
    "UpdateInboxEntryResult": [
      "NotFoundError",
      "UpdateInboxEntrySuccess",
      "ValidationError"
    ],
    "UpdateWebhookEndpointResult": [
      "ForbiddenError",
      "NotFoundError",
      "UpdateWebhookEndpointSuccess",
      "ValidationError"
    ],
    "UpsertUserResult": [
      "ForbiddenError",
      "NotFoundError",
      "UpsertUserSuccess",
      "ValidationError"
    ]
  }
};
      export default result;
    