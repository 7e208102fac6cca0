/** What the person can mend: said as it is, without a stack. */
export class ExportError extends Error {}
