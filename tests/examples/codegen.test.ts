import { openChat } from '../../examples/codegen/chat.ts'
import { testExample } from './cuts.ts'

testExample(openChat)
