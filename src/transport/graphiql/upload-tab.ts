const how = `curl -T note.txt -H "Content-Type: text/plain"
#    "<uploadUrl>". Then send a message with
#    attachmentIds: ["<attachment.id>"].`

/** A file of five bytes, which a person sends from a terminal. */
export const upload = {
  query: `
# 10. As Ana: a file for Ben. Send its five bytes:
#    ${how}
mutation CreateUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    ... on CreateUploadSuccess {
      attachment { id }
      uploadUrl
      method
      headers { name value }
      expiresAt
    }
    ... on ValidationError {
      fields { path reason }
    }
    ... on Error { code reason }
  }
}`,
  variables: { input: { fileName: 'note.txt', contentType: 'text/plain', byteSize: 5 } },
  signedInComment: `
# A file for the other one. Send its five bytes:
#    ${how}`,
}
