/** Where the bytes of files go, and where they come from; an id follows. */
export const uploadPath = '/uploads/'
export const filePath = '/files/'
