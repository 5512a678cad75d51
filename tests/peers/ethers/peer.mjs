// One JSON request on standard input, one JSON answer on standard output.
import { Wallet, HDNodeWallet, Mnemonic, Transaction, TypedDataEncoder, encryptKeystoreJson, verifyMessage, getAddress } from 'ethers';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const request = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const actions = {
  async encrypt({ key, passphrase }) {
    const wallet = new Wallet(key);
    return { json: await encryptKeystoreJson({ address: wallet.address, privateKey: wallet.privateKey }, passphrase, { scrypt: { N: 1024 } }), address: wallet.address };
  },
  async decrypt({ json, passphrase }) {
    const wallet = await Wallet.fromEncryptedJson(json, passphrase);
    return { key: wallet.privateKey, address: wallet.address };
  },
  async mnemonic({ phrase, passphrase, path }) {
    const node = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(phrase, passphrase), path);
    return { key: node.privateKey, address: node.address };
  },
  async draw() {
    const node = HDNodeWallet.createRandom();
    return { phrase: node.mnemonic.phrase, key: node.privateKey, address: node.address };
  },
  async sign({ key, text, domain, types, value, transaction }) {
    const wallet = new Wallet(key);
    const tx = Transaction.from(transaction);
    const unsigned = tx.unsignedSerialized;
    return {
      personal: await wallet.signMessage(text),
      typed: await wallet.signTypedData(domain, types, value),
      payload: TypedDataEncoder.getPayload(domain, types, value),
      unsigned,
      signed: await wallet.signTransaction(transaction),
    };
  },
  async verify({ text, signature, transaction, transactionSignature }) {
    const tx = Transaction.from(transaction);
    tx.signature = transactionSignature;
    return { signer: verifyMessage(text, signature), from: tx.from };
  },
  async checksum({ address }) {
    return { address: getAddress(address) };
  },
};
process.stdout.write(JSON.stringify(await actions[request.action](request)));
