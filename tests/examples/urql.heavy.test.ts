import { openChat } from '../../examples/urql/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
