const paths = {
  back: 'M15 5l-7 7 7 7',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  send: 'M4 12l16-8-6 16-3-6z',
  attach: 'M20 11l-8 8a5 5 0 0 1-7-7l8-8a3.500 3.500 0 0 1 5 5l-8 8a2 2 0 0 1-3-3l7-7',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 14s1.500 2.500 4 2.500 4-2.500 4-2.500M9 9h.01M15 9h.01',
  reply: 'M9 7l-5 5 5 5M4 12h9a6 6 0 0 1 6 6',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13M15.500 15.500L20 20',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M19.400 15l1 1.700-2 3.500-2-.2a8 8 0 0 1-1.700 1L14 23h-4l-.8-2a8 8 0 0 1-1.700-1l-2 .2-2-3.500 1-1.700a8 8 0 0 1 0-2l-1-1.700 2-3.500 2 .2a8 8 0 0 1 1.700-1L10 5h4l.8 2a8 8 0 0 1 1.700 1l2-.2 2 3.500-1 1.700a8 8 0 0 1 0 2z',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 8h.01',
  pin: 'M9 4h6l-1 6 4 4H6l4-4zM12 14v6',
  mute: 'M4 9v6h4l5 4V5L8 9zM17 10l4 4M21 10l-4 4',
  down: 'M6 9l6 6 6-6',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4l3 2',
  warn: 'M12 4L2.500 20h19zM12 10v4M12 17h.01',
  check: 'M5 13l4 4 10-10',
  checks: 'M2 13l4 4 9-9M12 16l1 1 9-9',
  file: 'M7 3h7l4 4v14H7zM14 3v5h4',
  desk: 'M4 13a8 8 0 0 1 16 0M4 13v4h3v-5H4M20 13v4h-3v-5h3M17 17v1a3 3 0 0 1-3 3h-2',
} as const
export type IconName = keyof typeof paths

/** Says nothing to a screen reader: what it is for stands beside it, or is the label of its button. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className={`icon icon-${name}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}
