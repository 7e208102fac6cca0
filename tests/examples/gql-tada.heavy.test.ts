import { openChat } from '../../examples/gql-tada/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
