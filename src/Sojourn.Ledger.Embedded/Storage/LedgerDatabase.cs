using Microsoft.Data.Sqlite;
using Sojourn.Ledger.Embedded.Chain;
using Sojourn.Primitives;
using Sojourn.Protocol.Genesis;
using Sojourn.Protocol.Reasons;
using Sojourn.Protocol.Receipts;
using Sojourn.Protocol.State;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>The ledger's tables in SQLite: the chain itself, and indexes that can be made from it again.</summary>
/// <remarks>Write-ahead log with full synchronisation: what a commit has acknowledged survives a power cut. One writer; readers open connections of their own.</remarks>
internal sealed class LedgerDatabase : IDisposable
{
    private const int Format = 2;
    private readonly SqliteConnection _connection;
    private readonly Writing? _writing;
    private readonly HashSet<Address> _touched = [];
    // The last node of each level of the receipt log: the left side of the next pair, without asking the disk.
    private readonly (ulong Number, Digest Hash)?[] _lastNodes = new (ulong, Digest)?[64];
    private bool _open;
    private byte[] _events = new byte[1 << 14];

    // The statements of the one connection that writes.
    private sealed class Writing(SqliteConnection connection) : IDisposable
    {
        public Statement Begin { get; } = new(connection, "BEGIN IMMEDIATE");

        public Statement Commit { get; } = new(connection, "COMMIT");

        public Statement RollBack { get; } = new(connection, "ROLLBACK");

        public Statement Block { get; } = new(connection, "INSERT INTO block(number, height, header, signature, body, events, first_event) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");

        public Statement Line { get; } = new(connection, "INSERT INTO line(account, block) VALUES(?1, ?2)");

        public Statement Job { get; } = new(connection, "INSERT INTO job(id, block, record) VALUES(?1, ?2, ?3)");

        public Statement Receipt { get; } = new(connection, "INSERT INTO receipt(level, number, digest) VALUES(?1, ?2, ?3)");

        public Statement ReceiptJob { get; } = new(connection, "INSERT INTO receipt_job(job, executor, number) VALUES(?1, ?2, ?3)");

        public void Dispose()
        {
            foreach (var statement in new[] { Begin, Commit, RollBack, Block, Line, Job, Receipt, ReceiptJob })
            {
                statement.Dispose();
            }
        }
    }

    static LedgerDatabase() => SQLitePCL.Batteries_V2.Init();

    private LedgerDatabase(SqliteConnection connection, bool writes)
    {
        _connection = connection;
        _writing = writes ? new Writing(connection) : null;
    }

    /// <summary>Creates the tables of a new ledger.</summary>
    public static void Create(string path, LedgerGenesis genesis)
    {
        if (File.Exists(path))
        {
            throw new IOException($"'{path}' exists already.");
        }

        using var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE block(number INTEGER PRIMARY KEY, height INTEGER NOT NULL, header BLOB NOT NULL, signature BLOB NOT NULL, body BLOB NOT NULL, events BLOB NOT NULL, first_event INTEGER NOT NULL);
            CREATE INDEX block_event ON block(first_event);
            CREATE TABLE line(account BLOB NOT NULL, block INTEGER NOT NULL, PRIMARY KEY(account, block)) WITHOUT ROWID;
            CREATE TABLE job(id BLOB PRIMARY KEY, block INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE receipt(level INTEGER NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(level, number)) WITHOUT ROWID;
            CREATE TABLE receipt_job(job BLOB NOT NULL, executor BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(job, executor, number)) WITHOUT ROWID;
            INSERT INTO meta VALUES('format', $format), ('genesis', $genesis);
            """;
        command.Parameters.AddWithValue("$format", BitConverter.GetBytes(Format));
        command.Parameters.AddWithValue("$genesis", GenesisCodec.Encode(genesis));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    /// <summary>Opens a ledger's tables.</summary>
    public static LedgerDatabase Open(string path, bool readOnly = false)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no ledger at '{path}'.", path);
        }

        var connection = Connect(path, readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWrite);
        try
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT value FROM meta WHERE key = 'format'";
            if (command.ExecuteScalar() is not byte[] format || format.Length != 4 || BitConverter.ToInt32(format) != Format)
            {
                throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}' is not a ledger of format {Format}."));
            }

            return new LedgerDatabase(connection, !readOnly);
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}': {exception.Message}"));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The genesis as stored.</summary>
    public LedgerGenesis ReadGenesis()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM meta WHERE key = 'genesis'";
        return command.ExecuteScalar() is byte[] bytes && GenesisCodec.TryDecode(bytes, out var genesis)
            ? genesis!
            : throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, "The genesis cannot be read."));
    }

    /// <summary>The number of the last block; 0 without one.</summary>
    public ulong LastBlock()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT COALESCE(MAX(number), 0) FROM block";
        return (ulong)(long)command.ExecuteScalar()!;
    }

    /// <summary>Blocks in order, from a number on.</summary>
    public IEnumerable<StoredBlock> ReadBlocks(ulong from, ulong max = ulong.MaxValue)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number, header, signature, body, events, first_event FROM block WHERE number >= ?1 ORDER BY number LIMIT ?2";
        command.Parameters.Add(new SqliteParameter("?1", (long)from));
        command.Parameters.Add(new SqliteParameter("?2", max > long.MaxValue ? -1 : (long)max));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var number = (ulong)reader.GetInt64(0);
            var header = reader[1] as byte[] ?? [];
            var decoded = BlockHeader.TryDecode(header, out var read) ? read : null;
            yield return new StoredBlock(number, decoded is null ? null : new Block(decoded, header, reader[2] as byte[] ?? [], reader[3] as byte[] ?? []), reader[4] as byte[] ?? [], (ulong)reader.GetInt64(5));
        }
    }

    /// <summary>The first block that holds events at or after a position; 0 where there is none.</summary>
    public ulong BlockOfEvent(ulong position)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number FROM block WHERE first_event <= ?1 ORDER BY first_event DESC, number DESC LIMIT 1";
        command.Parameters.Add(new SqliteParameter("?1", (long)position));
        return command.ExecuteScalar() is long number ? (ulong)number : 0;
    }

    /// <summary>Writes one block and what is found by it. Nothing is durable before <see cref="Commit"/>.</summary>
    public void Append(Block block, ReadOnlySpan<LedgerEvent> events, ulong firstEvent, IReadOnlyList<JobState> closed)
    {
        Begin();
        var w = _writing!;
        var length = events.Length * EventCodec.Length;
        if (_events.Length < length)
        {
            _events = new byte[length * 2];
        }

        var number = (long)block.Header.Number;
        _touched.Clear();
        for (var i = 0; i < events.Length; i++)
        {
            ref readonly var item = ref events[i];
            EventCodec.Write(item, _events.AsSpan(i * EventCodec.Length));
            if (item.Kind == EventKind.Line && _touched.Add(item.Account))
            {
                w.Line.Bind(1, item.Account.AsSpan()).Bind(2, number).Run();
            }
            else if (item.Kind == EventKind.Revealed)
            {
                AppendReceipt(item.Number, item.Data);
                w.ReceiptJob.Bind(1, item.Job.AsSpan()).Bind(2, item.Account.AsSpan()).Bind(3, (long)item.Number).Run();
            }
        }

        w.Block.Bind(1, number).Bind(2, (long)block.Header.Height).Bind(3, block.HeaderBytes.Span).Bind(4, block.Signature.Span).Bind(5, block.Body.Span)
            .Bind(6, _events.AsSpan(0, length)).Bind(7, (long)firstEvent).Run();
        foreach (var job in closed)
        {
            w.Job.Bind(1, job.Id.AsSpan()).Bind(2, number).Bind(3, LedgerState.EncodeClosed(job)).Run();
        }
    }

    // Level 0 holds the receipts' own digests; above it stand the roots of complete subtrees, so that a proof needs as many reads as the tree is high.
    private void AppendReceipt(ulong index, in Digest receipt)
    {
        _writing!.Receipt.Bind(1, 0).Bind(2, (long)index).Bind(3, receipt.AsSpan()).Run();
        var at = ReceiptAccumulator.Leaf(receipt);
        var left = Exchange(0, index, at);
        for (var level = 1; (index & 1) != 0; level++)
        {
            index >>= 1;
            at = ReceiptAccumulator.Node(left is { } known && known.Number == index << 1 ? known.Hash : ReceiptNode(level - 1, index << 1) ?? throw new InvalidOperationException("The receipt log has a gap."), at);
            _writing.Receipt.Bind(1, level).Bind(2, (long)index).Bind(3, at.AsSpan()).Run();
            left = Exchange(level, index, at);
        }
    }

    private (ulong Number, Digest Hash)? Exchange(int level, ulong number, in Digest hash)
    {
        var before = _lastNodes[level];
        _lastNodes[level] = (number, hash);
        return before;
    }

    /// <summary>The hash of a complete subtree of the receipt log.</summary>
    /// <param name="level">Its height; 0 is a leaf.</param>
    /// <param name="number">Its number among those of its height.</param>
    public Digest? ReceiptNode(int level, ulong number)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT digest FROM receipt WHERE level = ?1 AND number = ?2";
        command.Parameters.Add(new SqliteParameter("?1", level));
        command.Parameters.Add(new SqliteParameter("?2", (long)number));
        return command.ExecuteScalar() is byte[] { Length: Digest.Length } bytes ? level == 0 ? ReceiptAccumulator.Leaf(new Digest(bytes)) : new Digest(bytes) : null;
    }

    /// <summary>The number of a receipt in the log, or null: found by job and executor.</summary>
    /// <param name="job">The job.</param>
    /// <param name="executor">Who revealed it.</param>
    /// <param name="receipt">The receipt's digest.</param>
    public ulong? ReceiptIndexOf(in Digest job, in Address executor, in Digest receipt)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number FROM receipt_job WHERE job = ?1 AND executor = ?2";
        command.Parameters.Add(new SqliteParameter("?1", job.ToArray()));
        command.Parameters.Add(new SqliteParameter("?2", executor.ToArray()));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var number = (ulong)reader.GetInt64(0);
            if (Receipts(number, 1) is [var digest] && digest == receipt)
            {
                return number;
            }
        }

        return null;
    }

    private void Begin()
    {
        if (!_open)
        {
            (_writing ?? throw new InvalidOperationException("This connection only reads.")).Begin.Run();
            _open = true;
        }
    }

    /// <summary>Makes everything appended durable.</summary>
    public void Commit()
    {
        if (_open)
        {
            _writing!.Commit.Run();
            _open = false;
        }
    }

    /// <summary>Forgets what was appended and not committed.</summary>
    public void RollBack()
    {
        Array.Clear(_lastNodes);
        if (_open)
        {
            _open = false;
            try
            {
                _writing!.RollBack.Run();
            }
            catch (SqliteException)
            {
                // SQLite has rolled back by itself.
            }
        }
    }

    /// <summary>Keeps a value beside the chain; durable when this returns.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="value">The value.</param>
    public void PutMeta(string key, ReadOnlySpan<byte> value)
    {
        Begin();
        using (var put = new Statement(_connection, $"INSERT INTO meta(key, value) VALUES('{key}', ?1) ON CONFLICT(key) DO UPDATE SET value = excluded.value"))
        {
            put.Bind(1, value).Run();
        }

        Commit();
    }

    /// <summary>A value beside the chain, or null.</summary>
    /// <param name="key">Its name.</param>
    public byte[]? GetMeta(string key)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM meta WHERE key = ?1";
        command.Parameters.Add(new SqliteParameter("?1", key));
        return command.ExecuteScalar() as byte[];
    }

    /// <summary>Takes blocks off the end that no majority of sequencers ever confirmed, with everything found by them.</summary>
    /// <param name="after">The last block that stays.</param>
    /// <param name="receipts">How many receipts stay.</param>
    public void Truncate(ulong after, ulong receipts)
    {
        Array.Clear(_lastNodes);
        Begin();
        foreach (var sql in new[] { "DELETE FROM block WHERE number > ?1", "DELETE FROM line WHERE block > ?1", "DELETE FROM job WHERE block > ?1" })
        {
            using var delete = new Statement(_connection, sql);
            delete.Bind(1, (long)after).Run();
        }

        foreach (var sql in new[] { "DELETE FROM receipt WHERE ((number + 1) << level) > ?1", "DELETE FROM receipt_job WHERE number >= ?1" })
        {
            using var delete = new Statement(_connection, sql);
            delete.Bind(1, (long)receipts).Run();
        }

        Commit();
    }

    /// <summary>The blocks that hold lines of an account, newest first, before a block.</summary>
    public List<ulong> Lines(Address account, ulong before, int max)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT block FROM line WHERE account = ?1 AND block < ?2 ORDER BY block DESC LIMIT ?3";
        command.Parameters.Add(new SqliteParameter("?1", account.ToArray()));
        command.Parameters.Add(new SqliteParameter("?2", before > long.MaxValue ? long.MaxValue : (long)before));
        command.Parameters.Add(new SqliteParameter("?3", max));
        using var reader = command.ExecuteReader();
        var lines = new List<ulong>();
        while (reader.Read())
        {
            lines.Add((ulong)reader.GetInt64(0));
        }

        return lines;
    }

    /// <summary>Whether a block is named among those that hold lines of an account.</summary>
    public bool HasLine(Address account, ulong block)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM line WHERE account = ?1 AND block = ?2";
        command.Parameters.Add(new SqliteParameter("?1", account.ToArray()));
        command.Parameters.Add(new SqliteParameter("?2", (long)block));
        return command.ExecuteScalar() is not null;
    }

    /// <summary>A closed job's record and the block that closed it, or null.</summary>
    public (byte[] Record, ulong Block)? JobOf(Digest id)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT record, block FROM job WHERE id = ?1";
        command.Parameters.Add(new SqliteParameter("?1", id.ToArray()));
        using var reader = command.ExecuteReader();
        return reader.Read() ? ((byte[])reader[0], (ulong)reader.GetInt64(1)) : null;
    }

    /// <summary>Receipts' digests in order.</summary>
    public List<Digest> Receipts(ulong from, int max)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT digest FROM receipt WHERE level = 0 AND number >= ?1 AND number < ?1 + ?2 ORDER BY number";
        command.Parameters.Add(new SqliteParameter("?1", (long)from));
        command.Parameters.Add(new SqliteParameter("?2", max));
        using var reader = command.ExecuteReader();
        var found = new List<Digest>();
        while (reader.Read())
        {
            found.Add(new Digest((byte[])reader[0]));
        }

        return found;
    }

    /// <summary>Bounds the database's size.</summary>
    public void BoundPages(int pages)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"PRAGMA max_page_count = {pages.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        command.ExecuteNonQuery();
    }

    /// <summary>What SQLite itself finds wrong, or null.</summary>
    public string? IntegrityFault()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(1)";
        var answer = command.ExecuteScalar() as string;
        return answer == "ok" ? null : answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        RollBack();
        _writing?.Dispose();
        _connection.Dispose();
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = mode == SqliteOpenMode.ReadOnly
                ? "PRAGMA query_only = 1"
                : "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY";
            command.ExecuteNonQuery();
            return connection;
        }
        catch (SqliteException exception) when (mode != SqliteOpenMode.ReadWriteCreate)
        {
            connection.Dispose();
            throw new LedgerCorruptException(new ChainFault(ChainFaultKind.NotALedger, 0, $"'{path}': {exception.Message}"));
        }
    }
}

/// <summary>A block as stored, with the events it caused.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Block">The block; null where its header cannot be read.</param>
/// <param name="Events">Its events as encoded.</param>
/// <param name="FirstEvent">The position of the first.</param>
internal sealed record StoredBlock(ulong Number, Block? Block, byte[] Events, ulong FirstEvent);
