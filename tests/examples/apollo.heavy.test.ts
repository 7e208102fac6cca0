import { openChat } from '../../examples/apollo/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat, { hasInbox: true })
