import { openChat } from '../../examples/graphql-request/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
