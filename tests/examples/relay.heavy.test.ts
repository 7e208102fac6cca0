import { openChat } from '../../examples/relay/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
