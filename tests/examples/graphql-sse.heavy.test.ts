import { openChat } from '../../examples/graphql-sse/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
