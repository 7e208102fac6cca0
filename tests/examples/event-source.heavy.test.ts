import { openChat } from '../../examples/event-source/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
