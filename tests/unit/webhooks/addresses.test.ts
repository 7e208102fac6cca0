import { expect, test } from 'vitest'
import { isAllowedAddress } from '../../../src/webhooks/addresses.ts'

test.each(
  [
    ...['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'].map((address) => [
      address,
      true,
    ]),
    ...[
      '127.0.0.1',
      '127.8.9.1',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '0.0.0.0',
      '169.254.169.254',
    ],
    ...['100.64.0.1', '100.100.100.200', '192.0.0.192', '168.63.129.16', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', 'fec0::1', '2001:db8::1'],
    // With an address of IPv4 inside, in each of the ways to write one.
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '64:ff9b::10.0.0.1',
      '64:ff9b:1::808:808',
    ],
    ...['::127.0.0.1', '2002:7f00:1::', '2001::1', '', 'localhost', 'example.com', '127.0.0.1:80'],
  ].map((each) => (typeof each === 'string' ? ([each, false] as const) : (each as [string, boolean]))),
)('%s is one that requests may go to: %s', (address, isAllowed) => {
  expect(isAllowedAddress(address, [])).toBe(isAllowed)
  expect(isAllowedAddress(address, 'all')).toBe(true)
})

test('what is allowed is that range, in whichever way an address of it is written', () => {
  const allowed = ['10.1.0.0/16', 'fd00::/8']
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::a01:203', 'fd12::1', '8.8.8.8']) {
    expect(isAllowedAddress(address, allowed), address).toBe(true)
  }
  for (const address of ['10.2.0.1', '127.0.0.1', 'fc00::1', '::1']) {
    expect(isAllowedAddress(address, allowed), address).toBe(false)
  }
})
