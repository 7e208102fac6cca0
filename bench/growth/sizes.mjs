/** The sizes of each curve. */
export const sizes = {
  full: {
    subscribers: [10, 100, 1_000, 10_000],
    conversations: [10, 100, 1_000, 10_000],
    messages: [1_000, 10_000, 100_000, 1_000_000, 5_000_000],
    members: [2, 10, 100, 1_000, 10_000],
    repeats: 100,
  },
  quick: {
    subscribers: [10, 100, 1_000],
    conversations: [10, 100, 1_000],
    messages: [1_000, 10_000, 100_000],
    members: [2, 100, 1_000],
    repeats: 20,
  },
}

/** Numbers of conversations, for ids.mjs. */
export const room = 10_001
export const firstOfPerson = (place) => 100_000 * (place + 1)
export const longConversation = (place) => 20_001 + place
export const group = (place) => 30_001 + place

/** Numbers of people. All of them are in the room; the first ones have further roles, as their names say. */
export const people = 10_100
export const heavyUser = (place) => 10_001 + place
export const peer = 10_020
export const reader = 10_021
export const marker = 10_022
