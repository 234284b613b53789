# Starts one server, watches its users, and stops it when the last is gone.
# Run by lifecycle.rs, which explains the files; the working directory is target/minio.
#
# $1     folder of the run
# $2     seconds to wait for another user before the server is stopped
# $3     the server's data folder, and then the server's command; or nothing, if the
#        server is started by somebody else, and then the command that stops it

PATH=$PATH:/usr/bin:/bin
trap '' HUP INT # a terminal's Ctrl-C is for the tests
run=$1 grace=$2 data=$3
shift 3

exec 3<"$run/users" # waits for the first user

server=
if [ -n "$data" ]; then
    "$@" >"$run.log" 2>&1 3<&- &
    server=$!
    echo "$server" >"$run/server"
fi

# A user writes a line when it comes, and holds the pipe open until it is gone. So the pipe's
# end is reached when nobody is left; who came and went within the grace has left a line.
until_nobody() {
    cat <&3
    while sleep "$grace" 3<&-; read -r _ <&3; do cat <&3; done
}

{
    until_nobody
    # Once the folder has another name nobody can come. Who came just before has left a line.
    while mv "$run" "$run.stopping"; read -r _ <&3; do
        mv "$run.stopping" "$run"
        until_nobody
    done
    if [ -n "$server" ]; then
        kill "$server"
        sleep 10 3<&-
        kill -KILL "$server"
    else
        "$@"
    fi
} >/dev/null 2>&1 &
watch=$!

# The server ends because it is stopped here, or because it broke down.
wait "${server:-$watch}"
kill "$watch" 2>/dev/null
gone=gone.$$
mv "$run.stopping" "$gone" 2>/dev/null || mv "$run" "$gone"
rm -rf "$gone" ${data:+"$data"}
