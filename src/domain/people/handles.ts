/** The same as parley_handle_skeleton, for what is compared here. */
export const handleSkeleton = (handle: string): string =>
  handle.replace(/_+/g, '_').replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('w', 'vv').replaceAll('m', 'rn')

/** Without the signs that part words: ad.min and _admin_ are read as admin. */
const wordOf = (handle: string) => handleSkeleton(handle).replace(/[._]/g, '')

const reserved = new Set(
  (
    'abuse account accounts admin administration administrator admins all anonymous api billing bot channel contact everybody everyone ' +
    'feedback help helpdesk here info legal login mod moderation moderator moderators mods news nobody noreply no_reply notification ' +
    'notifications null official operator operators parley parleyhelp parleyofficial parleysupport parleyteam password payments ' +
    'postmaster privacy root sales security server service settings staff status support sys sysadmin system team teamparley ' +
    'undefined unknown verified webmaster'
  )
    .split(' ')
    .map(wordOf),
)

/**
 * Whether a handle would be taken for the operator, for what belongs to the system, or for a word with a meaning of its own.
 * Whole handles alone: admin.smith may be somebody of that name, and everybody would have to guess which parts are meant.
 */
export const isReservedHandle = (handle: string): boolean => reserved.has(wordOf(handle))
