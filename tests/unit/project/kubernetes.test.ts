import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../../src/config.ts'

const root = join(import.meta.dirname, '../../..')
const folder = join(root, 'deploy/kubernetes')
const labels = { 'app.kubernetes.io/name': 'parley' }

interface Probe {
  httpGet: { path: string; port: string }
  periodSeconds: number
  failureThreshold: number
}
interface Pod {
  terminationGracePeriodSeconds: number
  securityContext: { runAsUser: number; runAsNonRoot: boolean }
  containers: {
    ports: { name: string; containerPort: number }[]
    env: { name: string; value: string }[]
    startupProbe: Probe
    readinessProbe: Probe
    livenessProbe: Probe
    lifecycle: { preStop: { exec: { command: string[] } } }
    securityContext: object
    volumeMounts: { name: string; mountPath: string }[]
  }[]
  volumes: { name: string; secret?: { secretName: string } }[]
}
interface Manifest {
  kind: string
  metadata: { name: string; labels?: object }
  resources?: string[]
  stringData?: Record<string, string>
  spec: {
    selector: Record<string, unknown>
    ports: { targetPort: string }[]
    replicas?: number
    template: { metadata: { labels: object; annotations: Record<string, string> }; spec: Pod }
    scaleTargetRef: object
    maxReplicas: number
    metrics: { type: string; pods?: { metric: { name: string } } }[]
  }
}

const manifests = Object.fromEntries(
  readdirSync(folder).map((file) => {
    const [document, ...more] = parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
    expect([file, document?.errors, more]).toEqual([file, [], []])
    return [file, document?.toJS() as Manifest]
  }),
)
const named = (file: string) => {
  const manifest = manifests[file]
  if (!manifest) throw new Error(`there is no ${file}`)
  return manifest
}
const { template, replicas, selector } = named('deployment.yaml').spec
const pod = template.spec
const [container] = pod.containers
if (!container) throw new Error('there is no container')

const secrets = mkdtempSync(join(tmpdir(), 'parley-kubernetes-'))
afterAll(() => {
  rmSync(secrets, { recursive: true })
})

describe('deploy/kubernetes', () => {
  it('gives the server settings that it accepts, with each secret from a file', () => {
    const secret = named('secret.example.yaml')
    expect(pod.volumes.find(({ name }) => name === 'secrets')?.secret?.secretName).toBe(secret.metadata.name)
    for (const [key, value] of Object.entries(secret.stringData ?? {})) writeFileSync(join(secrets, key), value)
    const mountPath = container.volumeMounts.find(({ name }) => name === 'secrets')?.mountPath ?? ''
    const env = container.env.map(({ name, value }) => [name, value.replace(mountPath, secrets)])
    const config = loadConfig({ NODE_ENV: 'production', ...Object.fromEntries(env) } as NodeJS.ProcessEnv)
    expect(config).toMatchObject({ port: 4000, host: '0.0.0.0', metricsPort: 9400, metricsHost: '0.0.0.0' })
    expect(Object.keys(config.secretFiles)).toHaveLength(Object.keys(secret.stringData ?? {}).length)
    expect(config.databasePoolSize * named('horizontal-pod-autoscaler.yaml').spec.maxReplicas).toBeLessThan(100)
    expect(container.ports).toEqual([
      { name: 'http', containerPort: config.port },
      { name: 'metrics', containerPort: config.metricsPort },
    ])
    expect(template.metadata.annotations['prometheus.io/port']).toBe(String(config.metricsPort))
  })

  it('asks for health where it is answered, and waits for migrations of others', () => {
    const paths = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(
      ({ httpGet }) => httpGet,
    )
    expect(paths).toEqual(['live', 'ready', 'live'].map((what) => ({ path: `/health/${what}`, port: 'http' })))
    const { periodSeconds, failureThreshold } = container.startupProbe
    expect(periodSeconds * failureThreshold * 1_000).toBeGreaterThan(loadConfig({}).migrationLockTimeoutMs)
  })

  it('gives a pod the time to send its clients elsewhere', () => {
    const [command, seconds] = container.lifecycle.preStop.exec.command
    expect(command).toBe('sleep')
    // 9 s: stopWithinMs of src/main.ts.
    expect(readFileSync(join(root, 'src/main.ts'), 'utf8')).toContain('const stopWithinMs = 9_000')
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 9)
  })

  it('runs as the user of the image, who can write to nothing but volumes', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
    const dataDir = /^ENV PARLEY_DATA_DIR=(.*)$/m.exec(dockerfile)?.[1]
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toContain(dataDir)
    const mounted = container.volumeMounts.map(({ name }) => name)
    expect(mounted.toSorted()).toEqual(pod.volumes.map(({ name }) => name).toSorted())
  })

  it('has parts that mean the same pods, and scales them by a figure that they have', () => {
    expect(selector).toEqual({ matchLabels: labels })
    expect(template.metadata.labels).toEqual(labels)
    expect(named('service.yaml').spec.selector).toEqual(labels)
    expect(named('service.yaml').spec.ports.map(({ targetPort }) => targetPort)).toEqual(['http'])
    expect(named('pod-disruption-budget.yaml').spec.selector).toEqual({ matchLabels: labels })
    const scaling = named('horizontal-pod-autoscaler.yaml').spec
    expect(scaling.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'parley' })
    // Two that set the number would undo each other's.
    expect(replicas).toBeUndefined()
    const [metric] = scaling.metrics.flatMap(({ pods }) => (pods ? [pods.metric.name] : []))
    expect(metric).toBe('parley_open_sockets')
    expect(readFileSync(join(root, 'docs/operations.md'), 'utf8')).toContain(`\`${metric ?? ''}\``)
    const listed = named('kustomization.yaml').resources ?? []
    expect(listed.toSorted()).toEqual(
      Object.keys(manifests).filter((file) => !['kustomization.yaml', 'secret.example.yaml'].includes(file)),
    )
  })
})
