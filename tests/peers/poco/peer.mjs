// The life cycle of a task in iExec's PoCo 6.1.0 on the chain given, deployed from the package's own build artifacts: lines "GAS name value".
// usage: node peer.mjs RPC WORKERS
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ethers } from 'ethers';

const [, , rpc, workersText] = process.argv;
const count = Number(workersText ?? 3);
const root = join(dirname(createRequire(import.meta.url).resolve('@iexec/poco/package.json')), 'artifacts', 'contracts');
const artifact = (path, name = path.split('/').pop()) => JSON.parse(readFileSync(join(root, `${path}.sol`, `${name}.json`), 'utf8'));
const provider = new ethers.JsonRpcProvider(rpc, undefined, { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1 });

const wallet = async name => {
  const made = new ethers.Wallet(ethers.id(`poco ${name}`), provider);
  await provider.send('anvil_setBalance', [made.address, ethers.toQuantity(ethers.parseEther('1000'))]);
  return made;
};
const owner = await wallet('owner');
const link = (built, libraries) => {
  let code = built.bytecode.slice(2);
  for (const file of Object.values(built.linkReferences ?? {})) {
    for (const [name, places] of Object.entries(file)) {
      for (const { start, length } of places) code = code.slice(0, 2 * start) + libraries[name].slice(2).toLowerCase() + code.slice(2 * (start + length));
    }
  }
  return `0x${code}`;
};
const deploy = async (built, args = [], libraries = {}) => {
  const contract = await new ethers.ContractFactory(built.abi, link(built, libraries), owner).deploy(...args);
  await contract.waitForDeployment();
  return contract;
};

// ------------------------------------------------------------------------------------------------------------- deployment

const orders = await deploy({ ...artifact('libs/IexecLibOrders_v5'), abi: [] });
const libraries = { IexecLibOrders_v5: await orders.getAddress() };
const cuts = [];
const taken = new Set();
for (const name of ['IexecPoco1Facet', 'IexecPoco2Facet', 'IexecEscrowNativeFacet', 'IexecCategoryManagerFacet', 'IexecConfigurationFacet', 'IexecConfigurationExtraFacet', 'IexecPocoAccessorsFacet', 'IexecERC20Facet']) {
  const built = artifact(`facets/${name}`);
  const facet = await deploy(built, [], libraries);
  const selectors = new ethers.Interface(built.abi).fragments.filter(f => f.type === 'function').map(f => f.selector).filter(s => !taken.has(s) && taken.add(s));
  cuts.push([await facet.getAddress(), 0, selectors]);
}
// The package holds no facet that tells the diamond's owner (it is a git dependency's): this one answers with a constant.
const answers = `73${owner.address.slice(2)}5f5260205ff3`;
const length = (answers.length / 2).toString(16).padStart(2, '0');
const ownership = await (await owner.sendTransaction({ data: `0x60${length}8060095f395ff3${answers}` })).wait();
cuts.push([ownership.contractAddress, 0, [ethers.id('owner()').slice(0, 10)]]);
const diamond = await deploy(artifact('Diamond'), [cuts, [owner.address, ethers.ZeroAddress, '0x']]);
const hub = await diamond.getAddress();
const iexec = new ethers.Contract(hub, artifact('IexecInterfaceNative').abi, owner);
const registries = {};
for (const [key, path] of [['app', 'registries/apps/AppRegistry'], ['dataset', 'registries/datasets/DatasetRegistry'], ['pool', 'registries/workerpools/WorkerpoolRegistry']]) {
  registries[key] = await deploy(artifact(path));
  await (await registries[key].initialize(ethers.ZeroAddress)).wait();
}
const address = async contract => contract.getAddress();
await (await iexec.configure(ethers.ZeroAddress, 'Staked RLC', 'SRLC', 9, await address(registries.app), await address(registries.dataset), await address(registries.pool), ethers.ZeroAddress)).wait();
await (await iexec.createCategory('one', 'none', 3600)).wait();

// ------------------------------------------------------------------------------------------------------------- a market

const [scheduler, requester, provider_] = [await wallet('scheduler'), await wallet('requester'), await wallet('app')];
const created = async (registry, call) => {
  const receipt = await (await call).wait();
  return ethers.getAddress(ethers.toBeHex(receipt.logs.map(log => registry.interface.parseLog(log)).find(log => log?.name === 'Transfer').args[2], 20));
};
const app = await created(registries.app, registries.app.createApp(provider_.address, 'app', 'DOCKER', '0x00', ethers.id('app'), '0x'));
const pool = await created(registries.pool, registries.pool.createWorkerpool(scheduler.address, 'pool'));
const workers = [];
for (let i = 0; i < count; i++) workers.push(await wallet(`worker ${i}`));
for (const who of [scheduler, requester, ...workers]) await (await iexec.connect(who).deposit({ value: ethers.parseUnits('1000000000', 'gwei') / 1000n })).wait();

const domain = { name: 'iExecODB', version: '5.0.0', chainId: (await provider.getNetwork()).chainId, verifyingContract: hub };
const type = (name, fields) => ({ [name]: fields.split(',').map(field => { const [kind, label] = field.split(' '); return { type: kind, name: label }; }) });
const signed = async (who, types, value) => ({ ...value, sign: await who.signTypedData(domain, types, value) });
const appType = type('AppOrder', 'address app,uint256 appprice,uint256 volume,bytes32 tag,address datasetrestrict,address workerpoolrestrict,address requesterrestrict,bytes32 salt');
const poolType = type('WorkerpoolOrder', 'address workerpool,uint256 workerpoolprice,uint256 volume,bytes32 tag,uint256 category,uint256 trust,address apprestrict,address datasetrestrict,address requesterrestrict,bytes32 salt');
const requestType = type('RequestOrder', 'address app,uint256 appmaxprice,address dataset,uint256 datasetmaxprice,address workerpool,uint256 workerpoolmaxprice,address requester,uint256 volume,bytes32 tag,uint256 category,uint256 trust,address beneficiary,address callback,string params,bytes32 salt');
const none = ethers.ZeroAddress;

// ------------------------------------------------------------------------------------------------------------- a task

/** Gas of one task; `trust` is chosen so that the consensus needs all workers. */
const run = async (name, salt, trust) => {
  const spent = {};
  const count_ = async (step, sending) => {
    const receipt = await (await sending).wait();
    spent[step] = (spent[step] ?? 0n) + receipt.gasUsed;
    return receipt;
  };
  const appOrder = await signed(provider_, appType, { app, appprice: 10n, volume: 1n, tag: ethers.ZeroHash, datasetrestrict: none, workerpoolrestrict: none, requesterrestrict: none, salt });
  const poolOrder = await signed(scheduler, poolType, { workerpool: pool, workerpoolprice: 100n, volume: 1n, tag: ethers.ZeroHash, category: 0n, trust, apprestrict: none, datasetrestrict: none, requesterrestrict: none, salt });
  const requestOrder = await signed(requester, requestType, {
    app, appmaxprice: 10n, dataset: none, datasetmaxprice: 0n, workerpool: pool, workerpoolmaxprice: 100n, requester: requester.address, volume: 1n, tag: ethers.ZeroHash, category: 0n, trust,
    beneficiary: requester.address, callback: none, params: '{"iexec_args":"1"}', salt,
  });
  const noDataset = { dataset: none, datasetprice: 0n, volume: 0n, tag: ethers.ZeroHash, apprestrict: none, workerpoolrestrict: none, requesterrestrict: none, salt: ethers.ZeroHash, sign: '0x' };
  const matched = await count_('match', iexec.connect(requester).matchOrders(appOrder, noDataset, poolOrder, requestOrder));
  const deal = matched.logs.map(log => iexec.interface.parseLog(log)).find(log => log?.name === 'OrdersMatched').args[0];
  await count_('initialize', iexec.connect(scheduler).initialize(deal, 0));
  const task = ethers.solidityPackedKeccak256(['bytes32', 'uint256'], [deal, 0]);
  const digest = ethers.id(`result ${salt}`);
  const hash = ethers.solidityPackedKeccak256(['bytes32', 'bytes32'], [task, digest]);
  for (const worker of workers) {
    if ((await iexec.viewTask(task)).status !== 1n) throw new Error('the consensus needs fewer');
    const enclave = new ethers.Wallet(ethers.id(`enclave ${worker.address} ${salt}`));
    const seal = ethers.solidityPackedKeccak256(['address', 'bytes32', 'bytes32'], [worker.address, task, digest]);
    const authorization = await scheduler.signMessage(ethers.getBytes(ethers.solidityPackedKeccak256(['address', 'bytes32', 'address'], [worker.address, task, enclave.address])));
    const proof = await enclave.signMessage(ethers.getBytes(ethers.solidityPackedKeccak256(['bytes32', 'bytes32'], [hash, seal])));
    await count_('contribute', iexec.connect(worker).contribute(task, hash, seal, enclave.address, proof, authorization));
  }
  if ((await iexec.viewTask(task)).status !== 2n) throw new Error('no consensus yet');
  for (const worker of workers) await count_('reveal', iexec.connect(worker).reveal(task, digest));
  await count_('finalize', iexec.connect(scheduler).finalize(task, ethers.hexlify(ethers.toUtf8Bytes('{"storage":"ipfs","location":"/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnN6bd"}')), '0x'));
  if ((await iexec.viewTask(task)).status !== 3n) throw new Error('not completed');
  if (name) for (const [step, gas] of Object.entries(spent)) console.log(`GAS ${name}/${step} ${gas}`);
  const total = Object.values(spent).reduce((sum, gas) => sum + gas, 0n);
  if (name) console.log(`GAS ${name}/total ${total}`);
  return total;
};

// The first task of a market pays for fresh accounts; what is compared is a later one.
const trust = count === 1 ? 1n : 1n + 2n ** BigInt(count - 1);
await run('', ethers.id('warm'), trust);
await run(`poco/${count}`, ethers.id('measured'), trust);
provider.destroy();
