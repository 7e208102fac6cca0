import type { GraphQLObjectType, SelectionSetNode } from 'graphql'
import { LRUCache } from 'lru-cache'
import { overBudget, type OperationLimits } from './costs/budget.ts'
import { planSelection, type PlanSource, type SelectionPlan } from './plan.ts'

/** Fields that one operation may select in different places; what a fragment adds in one more place is there already. */
const maxFieldsPerPlan = 5_000
/** Over all plans that are kept: some 600 bytes each. */
const maxFields = 100_000

/** An operation made ready for one set of the values that its `@skip` and `@include` ask for. */
export interface OperationPlan {
  source: PlanSource
  root: SelectionPlan
}

/** Numbers for the selection sets of a document. */
export class SelectionIds {
  private readonly ids = new WeakMap<SelectionSetNode, number>()
  private count = 0

  /** The same for the same sets together on the same type. */
  keyOf(type: { name: string }, selectionSets: readonly SelectionSetNode[]): string {
    let key = type.name
    for (const set of selectionSets) {
      let id = this.ids.get(set)
      if (id === undefined) this.ids.set(set, (id = ++this.count))
      key += ` ${String(id)}`
    }
    return key
  }
}

/**
 * The plans of all operations, bounded by the fields in them: they grow when a type is met for the first time. What was used
 * longest ago goes first, and is planned again when it is asked for.
 */
export class Plans {
  private readonly kept = new LRUCache<string, OperationPlan>({ maxSize: maxFields })
  private operationCount = 0

  /** For the keys of one operation's plans. */
  nextId(): string {
    return `${String(++this.operationCount)} `
  }

  get(key: string): OperationPlan | undefined {
    return this.kept.get(key)
  }

  make(
    key: string,
    given: Omit<PlanSource, 'planSelection'>,
    rootType: GraphQLObjectType,
    limits: OperationLimits,
  ): OperationPlan {
    const ids = new SelectionIds()
    const selections = new Map<string, SelectionPlan>()
    let fieldCount = 0
    const source: PlanSource = {
      ...given,
      planSelection: (type, selectionSets) => {
        const selectionKey = ids.keyOf(type, selectionSets)
        const known = selections.get(selectionKey)
        if (known) return known
        const made = planSelection(source, type, selectionSets)
        fieldCount += made.fields.length + 1
        if (fieldCount > maxFieldsPerPlan) throw overBudget('operation-plan', {}, limits)
        selections.set(selectionKey, made)
        // One that was dropped meanwhile lives as long as what runs with it.
        const plan = this.kept.peek(key)
        if (plan?.source === source) this.kept.set(key, plan, { size: fieldCount })
        return made
      },
    }
    const plan: OperationPlan = { source, root: source.planSelection(rootType, [given.operation.selectionSet]) }
    this.kept.set(key, plan, { size: fieldCount })
    return plan
  }

  /** Fields of the plans that are kept. */
  get fieldCount(): number {
    return this.kept.calculatedSize
  }
}
