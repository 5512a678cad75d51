using Sojourn.Node.Journal;
using Sojourn.Primitives;
using Sojourn.Primitives.Cbor;
using Sojourn.Protocol.EnclaveChannel;

namespace Sojourn.Node.Executing;

/// <summary>A result as it must survive a crash between running and revealing.</summary>
/// <param name="Outcome">What the enclave said.</param>
/// <param name="Nonce">What hides the commitment.</param>
internal sealed record StoredResult(Outcome Outcome, Digest Nonce);

/// <summary>The file that holds one round's result: written to disk before the commitment is sent.</summary>
internal sealed class ResultFile
{
    private readonly string _path;

    /// <summary>Names the file.</summary>
    /// <param name="stateFolder">The node's state.</param>
    /// <param name="job">The job.</param>
    /// <param name="round">The round.</param>
    public ResultFile(string stateFolder, Digest job, byte round) => _path = Path.Combine(stateFolder, "results", $"{job}-{round}");

    /// <summary>Reads it; null where there is none.</summary>
    public StoredResult? Read()
    {
        if (!File.Exists(_path))
        {
            return null;
        }

        try
        {
            var reader = new CborReader(File.ReadAllBytes(_path));
            reader.ReadArrayHeaderExactly(2);
            var nonce = new Digest(reader.ReadBytesExactly(Digest.Length));
            return new StoredResult(Outcome.Decode(reader.ReadBytes(2 << 20)), nonce);
        }
        catch (Exception e) when (e is CborException or ChannelException)
        {
            return null; // A torn write: the result was never committed.
        }
    }

    /// <summary>Writes it durably.</summary>
    /// <param name="result">The result.</param>
    public void Write(StoredResult result)
    {
        DurableFile.Write(_path, new CborWriter().BeginArray().WriteBytes(result.Nonce.AsSpan()).WriteBytes(result.Outcome.Encode()).EndArray().ToArray());
    }

    /// <summary>Deletes it, where it is there: a job that ended early left nothing, not even the folder.</summary>
    public void Delete()
    {
        if (File.Exists(_path))
        {
            File.Delete(_path);
        }
    }
}
