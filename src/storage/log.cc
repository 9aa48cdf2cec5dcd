#include "storage/log.h"

#include "storage/log_directory.h"
