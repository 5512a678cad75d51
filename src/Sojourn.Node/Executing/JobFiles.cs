using System.Text;
using Sojourn.Node.Journal;
using Sojourn.Primitives;

namespace Sojourn.Node.Executing;

/// <summary>What a node must remember of one round across a crash, so that it never contradicts itself: evidence that it sent, and its result.</summary>
/// <param name="stateFolder">The node's state.</param>
/// <param name="job">The job.</param>
/// <param name="round">The round.</param>
internal sealed class JobFiles(string stateFolder, Digest job, byte round)
{
    private readonly string _evidence = Path.Combine(stateFolder, "evidence", $"{job}-{round}");

    /// <summary>The result.</summary>
    public ResultFile Result { get; } = new(stateFolder, job, round);

    /// <summary>Whether evidence was about to be sent: another enclave's would contradict it.</summary>
    public bool EvidenceSent => File.Exists(_evidence);

    /// <summary>Remembers that evidence is about to be sent.</summary>
    /// <param name="evidence">Its digest.</param>
    public void RememberEvidence(in Digest evidence) => DurableFile.Write(_evidence, Encoding.ASCII.GetBytes(evidence.ToString()));

    /// <summary>Forgets a closed job: its ledger is the record now.</summary>
    public void Forget()
    {
        if (EvidenceSent)
        {
            File.Delete(_evidence);
        }

        Result.Delete();
    }
}
